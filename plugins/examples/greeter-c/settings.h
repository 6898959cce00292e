// `modules.greeter.config`.
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct settings {
  char *greeting; // The answer to `/greet`; NULL for the plugin's own.
  char *welcome;  // What a newcomer is told; NULL for nothing.
  bool rehearsal; // Decides everything and says nothing.
};

// Reads JSON: one object, whose values are texts, numbers or booleans. False for anything else.
bool settings_read(const char *json, size_t length, struct settings *settings);
