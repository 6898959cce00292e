// Looks for what it should not find; plugins/examples/searcher says how.
#include "searcher.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wasi/api.h>

static const char SUMMARY[] = "Looks for what it should not find.";

void exports_searcher_describe(searcher_description_t *ret) {
  memset(ret, 0, sizeof *ret);
  searcher_string_dup(&ret->name, "searcher");
  searcher_string_dup(&ret->summary, SUMMARY);
  ret->events.ptr = malloc(1);
  ret->events.ptr[0] = BOWSPRIT_PLUGIN_TYPES_EVENT_KIND_COMMENT;
  ret->events.len = 1;
}

void exports_searcher_help(searcher_string_t *settings, searcher_list_repo_ref_t *repos, searcher_plugin_help_t *ret) {
  (void)settings, (void)repos;
  memset(ret, 0, sizeof *ret);
  searcher_string_dup(&ret->description, SUMMARY);
}

static int files(void) {
  int found = 0;
  const char *names[] = {"/etc/passwd", "plugins.yaml", "/dev/null"};
  for (int i = 0; i < 3; i++) found += fopen(names[i], "r") != NULL;
  found += opendir("/") != NULL;
  found += opendir(".") != NULL;
  found += fopen("made-here", "w") != NULL;
  __wasi_prestat_t opened;
  for (int fd = 3; fd < 16; fd++) found += __wasi_fd_prestat_get(fd, &opened) == 0;
  return found;
}

static int arguments(void) {
  size_t count = 0, bytes = 0;
  return __wasi_args_sizes_get(&count, &bytes) ? 0 : (int)count;
}

static int environment(void) {
  size_t count = 0, bytes = 0;
  int found = getenv("SEARCHED") != NULL;
  return found + (__wasi_environ_sizes_get(&count, &bytes) ? 0 : (int)count);
}

static int sockets(void) {
  int found = 0;
  char byte = 'x';
  for (int fd = 0; fd < 16; fd++) found += send(fd, &byte, 1, 0) >= 0 || recv(fd, &byte, 1, 0) >= 0;
  return found;
}

bool exports_searcher_handle(searcher_event_t *event, searcher_own_client_agent_t agent, searcher_outcome_t *ret,
                             searcher_failure_t *err) {
  (void)agent, (void)err;
  static const struct {
    const char *what;
    int (*look)(void);
  } places[] = {{"files", files}, {"arguments", arguments}, {"environment", environment}, {"sockets", sockets}};
  searcher_string_t asked = event->body.val.comment.body;
  char said[64] = "found nothing to look for";
  for (int i = 0; i < 4; i++) {
    size_t length = strlen(places[i].what);
    if (asked.len < length || memcmp(asked.ptr, places[i].what, length)) continue;
    int found = places[i].look();
    if (found) snprintf(said, sizeof said, "found %d", found);
    else snprintf(said, sizeof said, "no %s", places[i].what);
  }
  ret->tag = BOWSPRIT_PLUGIN_TYPES_OUTCOME_DONE;
  searcher_string_dup(&ret->val.done, said);
  return true;
}
