/* The log: one line a failure, on standard error. Only server, jobs and commands log; lower floors return
 * Err. Never a patient's data, never a token: ids and paths only. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

typedef enum { LOG_INFO, LOG_WARN, LOG_ERROR } LogLevel;

void log_line(LogLevel level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Lines below this level are not written. LOG_INFO at start. */
void log_threshold(LogLevel level);

#endif
