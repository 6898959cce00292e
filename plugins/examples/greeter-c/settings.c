#include "settings.h"
#include <stdlib.h>
#include <string.h>

struct reader {
  const char *at, *end;
};

static void space(struct reader *r) {
  while (r->at < r->end && strchr(" \t\r\n", *r->at)) r->at++;
}

static bool take(struct reader *r, char c) {
  space(r);
  if (r->at == r->end || *r->at != c) return false;
  r->at++;
  return true;
}

// Four hexadecimal digits.
static long code_unit(struct reader *r) {
  if (r->end - r->at < 4) return -1;
  char digits[5] = {r->at[0], r->at[1], r->at[2], r->at[3], 0}, *rest;
  long unit = strtol(digits, &rest, 16);
  r->at += 4;
  return *rest ? -1 : unit;
}

static char *put_utf8(char *out, long c) {
  if (c < 0x80) {
    *out++ = (char)c;
  } else if (c < 0x800) {
    *out++ = (char)(0xc0 | c >> 6);
    *out++ = (char)(0x80 | (c & 0x3f));
  } else {
    if (c < 0x10000) {
      *out++ = (char)(0xe0 | c >> 12);
    } else {
      *out++ = (char)(0xf0 | c >> 18);
      *out++ = (char)(0x80 | (c >> 12 & 0x3f));
    }
    *out++ = (char)(0x80 | (c >> 6 & 0x3f));
    *out++ = (char)(0x80 | (c & 0x3f));
  }
  return out;
}

// What stands behind a backslash. Two of `\u` may be one character.
static char *unescape(struct reader *r, char *out) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  if (r->at == r->end) return NULL;
  char c = *r->at++;
  const char *known = c ? strchr(from, c) : NULL;
  if (known) {
    *out = to[known - from];
    return out + 1;
  }
  long unit = c == 'u' ? code_unit(r) : -1;
  if (unit >= 0xd800 && unit < 0xdc00 && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u') {
    r->at += 2;
    long low = code_unit(r);
    if (low < 0xdc00 || low > 0xdfff) return NULL;
    unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
  }
  return unit < 0 ? NULL : put_utf8(out, unit);
}

static char *text(struct reader *r) {
  if (!take(r, '"')) return NULL;
  // No text is longer than its spelling.
  char *start = malloc((size_t)(r->end - r->at) + 1), *out = start;
  while (out && r->at < r->end && *r->at != '"') {
    char c = *r->at++;
    if (c == '\\') {
      out = unescape(r, out);
    } else {
      *out++ = c;
    }
  }
  if (!out || r->at == r->end) return NULL;
  r->at++;
  *out = 0;
  return start;
}

// A number, `true`, `false` or `null`.
static bool word(struct reader *r, bool *is_true) {
  const char *start = r->at;
  while (r->at < r->end && !strchr(",} \t\r\n{[\"", *r->at)) r->at++;
  *is_true = r->at - start == 4 && !memcmp(start, "true", 4);
  return r->at > start;
}

bool settings_read(const char *json, size_t length, struct settings *settings) {
  struct reader r = {json, json + length};
  if (!take(&r, '{')) return false;
  while (!take(&r, '}')) {
    char *key = text(&r), *value = NULL;
    bool is_true = false;
    if (!key || !take(&r, ':')) return false;
    space(&r);
    if (r.at < r.end && *r.at == '"') {
      if (!(value = text(&r))) return false;
    } else if (!word(&r, &is_true)) {
      return false;
    }
    if (!strcmp(key, "greeting")) settings->greeting = value;
    if (!strcmp(key, "welcome")) settings->welcome = value;
    if (!strcmp(key, "rehearsal")) settings->rehearsal = is_true;
    take(&r, ',');
  }
  return true;
}
