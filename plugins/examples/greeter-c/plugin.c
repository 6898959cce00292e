// Answers `/greet`, and welcomes who opens a first pull request. greeter.h comes from plugin.wit when the plugin is built.
#include "greeter.h"
#include "settings.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef bowsprit_plugin_agent_borrow_client_agent_t agent_t;
typedef bowsprit_plugin_types_api_error_t api_error_t;

static const char GREETING[] = "Hello! This is the first greeter speaking.";

static greeter_string_t text(const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  size_t length = (size_t)vsnprintf(NULL, 0, format, arguments);
  char *written = malloc(length + 1);
  vsnprintf(written, length + 1, format, again);
  va_end(again);
  va_end(arguments);
  return (greeter_string_t){(uint8_t *)written, length};
}

static greeter_outcome_t done(greeter_string_t what) {
  return (greeter_outcome_t){.tag = BOWSPRIT_PLUGIN_TYPES_OUTCOME_DONE, .val.done = what};
}

static greeter_outcome_t ignored(greeter_string_t why) {
  return (greeter_outcome_t){.tag = BOWSPRIT_PLUGIN_TYPES_OUTCOME_IGNORED, .val.ignored = why};
}

static bowsprit_plugin_types_list_command_t commands(void) {
  bowsprit_plugin_types_command_t *command = calloc(1, sizeof *command);
  command->usage = text("/greet");
  command->description = text("Asks for a greeting.");
  command->who_can_use = text("Anyone");
  command->examples = (greeter_list_string_t){malloc(sizeof(greeter_string_t)), 1};
  command->examples.ptr[0] = text("/greet");
  return (bowsprit_plugin_types_list_command_t){command, 1};
}

void exports_greeter_describe(greeter_description_t *ret) {
  ret->name = text("greeter");
  ret->summary = text("Answers `/greet`, and welcomes first-time contributors.");
  ret->events = (bowsprit_plugin_types_list_event_kind_t){malloc(2), 2};
  ret->events.ptr[0] = BOWSPRIT_PLUGIN_TYPES_EVENT_KIND_COMMENT;
  ret->events.ptr[1] = BOWSPRIT_PLUGIN_TYPES_EVENT_KIND_PULL_REQUEST;
  ret->commands = commands();
  ret->settings = (greeter_list_string_t){calloc(3, sizeof(greeter_string_t)), 3};
  ret->settings.ptr[0] = text("greeting");
  ret->settings.ptr[1] = text("welcome");
  ret->settings.ptr[2] = text("rehearsal");
}

void exports_greeter_help(greeter_string_t *settings, greeter_list_repo_ref_t *repos, greeter_plugin_help_t *ret) {
  (void)settings, (void)repos;
  memset(ret, 0, sizeof *ret);
  ret->description = text("Answers <code>/greet</code>.");
  ret->commands = commands();
}

// Whether a line of the text is the command.
static bool asks(greeter_string_t body) {
  const char *line = (const char *)body.ptr, *end = line + body.len;
  while (line < end) {
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    if (!stop) stop = end;
    size_t length = (size_t)(stop - line);
    if (length >= 6 && !strncasecmp(line, "/greet", 6) && (length == 6 || strchr("\t\f\r ", line[6]))) return true;
    line = stop + 1;
  }
  return false;
}

static bool greet(bowsprit_plugin_types_comment_event_t *comment, agent_t agent, struct settings *settings,
                  greeter_outcome_t *ret, api_error_t *err) {
  if (comment->action != BOWSPRIT_PLUGIN_TYPES_COMMENT_ACTION_CREATED || !asks(comment->body)) {
    *ret = ignored(text("no `/greet`"));
    return true;
  }
  greeter_string_t login = comment->author.login;
  const char *greeting = settings->greeting ? settings->greeting : GREETING;
  greeter_string_t body = text("@%.*s: %s", (int)login.len, (char *)login.ptr, greeting);
  uint64_t id;
  *ret = done(text("greeted"));
  // GitHub asks for another permission on pull requests than on issues.
  return comment->is_pr ? bowsprit_plugin_github_pull_requests_write_create_comment(agent, comment->number, &body, &id, err)
                        : bowsprit_plugin_github_issues_write_create_comment(agent, comment->number, &body, &id, err);
}

static bool welcome(greeter_event_t *event, agent_t agent, struct settings *settings, greeter_outcome_t *ret,
                    api_error_t *err) {
  bowsprit_plugin_types_pull_request_t *pr = &event->body.val.pull_request.pull_request;
  greeter_string_t login = pr->author.login, action = event->action.val;
  bool opened = event->action.is_some && action.len == 6 && !memcmp(action.ptr, "opened", 6);
  if (!opened || pr->author.kind != BOWSPRIT_PLUGIN_TYPES_ACTOR_KIND_USER) {
    *ret = ignored(text("no new pull request of a person"));
    return true;
  }
  if (!settings->welcome) {
    *ret = ignored(text("no `welcome` is set"));
    return true;
  }
  uint32_t merged;
  if (!bowsprit_plugin_github_pull_requests_read_count_merged(agent, &login, &merged, err)) return false;
  if (merged > 0) {
    *ret = ignored(text("%.*s is no newcomer", (int)login.len, (char *)login.ptr));
    return true;
  }
  greeter_string_t body = text("@%.*s: %s", (int)login.len, (char *)login.ptr, settings->welcome);
  uint64_t id;
  *ret = done(text("welcomed %.*s", (int)login.len, (char *)login.ptr));
  return bowsprit_plugin_github_pull_requests_write_create_comment(agent, pr->number, &body, &id, err);
}

bool exports_greeter_handle(greeter_event_t *event, greeter_own_client_agent_t own, greeter_outcome_t *ret,
                            greeter_failure_t *err) {
  agent_t agent = bowsprit_plugin_agent_borrow_client_agent(own);
  greeter_string_t json;
  struct settings settings = {0};
  bowsprit_plugin_agent_method_client_agent_settings(agent, &json);
  if (!settings_read((char *)json.ptr, json.len, &settings)) {
    err->message = text("settings: not what this plugin takes");
    return false;
  }
  // In a rehearsal the host refuses each change that is made through this handle.
  if (settings.rehearsal) {
    agent = bowsprit_plugin_agent_borrow_client_agent(bowsprit_plugin_agent_method_client_agent_read_only(agent));
  }
  api_error_t error;
  bool well = true;
  switch (event->body.tag) {
  case BOWSPRIT_PLUGIN_TYPES_EVENT_BODY_COMMENT:
    well = greet(&event->body.val.comment, agent, &settings, ret, &error);
    break;
  case BOWSPRIT_PLUGIN_TYPES_EVENT_BODY_PULL_REQUEST:
    well = welcome(event, agent, &settings, ret, &error);
    break;
  default:
    *ret = ignored(text("not a comment, nor a pull request"));
  }
  if (well) return true;
  greeter_string_t why = error.message;
  if (error.kind == BOWSPRIT_PLUGIN_TYPES_ERROR_KIND_DENIED) {
    *ret = ignored(text("denied: %.*s", (int)why.len, (char *)why.ptr));
    return true;
  }
  err->message = why;
  return false;
}
