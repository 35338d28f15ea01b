/*
 * Preloaded into the bot, this kills it with SIGKILL right after the nth time that
 * SQLite made a transaction last, counted from when a file appeared: a moment that
 * no clock outside can hit. The bot itself is the program that people run.
 *
 *   LD_PRELOAD=commit.so CHAOS_COMMIT=37 CHAOS_FROM=/tmp/from-now ronde run
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long commits;

/* Each commit to SQLite's write-ahead log ends with one sync of it. */
static int is_log(int fd)
{
	char link[64], path[4096];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof path - 1);
	return n > 4 && memcmp(path + n - 4, "-wal", 4) == 0;
}

static int synced(const char *name, int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
	int result = real(fd);
	const char *nth = getenv("CHAOS_COMMIT"), *from = getenv("CHAOS_FROM");
	if (nth && from && is_log(fd) && access(from, F_OK) == 0 && atomic_fetch_add(&commits, 1) + 1 == atol(nth))
		kill(getpid(), SIGKILL);
	return result;
}

int fsync(int fd) { return synced("fsync", fd); }

int fdatasync(int fd) { return synced("fdatasync", fd); }
