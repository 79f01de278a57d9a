/* Stands between a program and its files, for tests: makes one file fail, vanish, grow or become a link at the moment that it
 * is opened, fills the disk, or sets the clock. Loaded by LD_PRELOAD; what it does stands in the environment:
 *
 *   SHIM_FILE   the end of the path that is meant; empty means all
 *   SHIM_DO     open=ERRNO | read=ERRNO | list=ERRNO | write=ERRNO | vanish | grow | empty | link=TARGET | slow=MILLISECONDS |
 *               clock=SECONDS | backwards
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define REAL(result, name, ...) ((result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))
#define HANDLES 1024

static atomic_char meant[HANDLES];

static int is_meant(const char *path) {
    const char *end = getenv("SHIM_FILE");
    if (end == NULL || path == NULL) return 0;
    size_t whole = strlen(path), part = strlen(end);
    return whole >= part && strcmp(path + whole - part, end) == 0;
}

/* What follows `word=`, where that is what is to be done; an empty text for the word alone. */
static const char *asked(const char *word) {
    const char *all = getenv("SHIM_DO");
    size_t length = strlen(word);
    if (all == NULL || strncmp(all, word, length) != 0) return NULL;
    return all[length] == '=' ? all + length + 1 : all[length] == 0 ? all + length : NULL;
}

static void wait_where_slow(void) {
    if (asked("slow") != NULL) usleep(1000 * (useconds_t)atoi(asked("slow")));
}

static int fails(const char *word) {
    const char *number = asked(word);
    if (number != NULL) errno = atoi(number);
    return number != NULL;
}

static int real_open(const char *path, int flags, mode_t mode) {
    return REAL(int, "open64", const char *, int, ...)(path, flags, mode);
}

static void add(const char *path, int flags) {
    static const char more[] = "\n/* grown */\n";
    int handle = real_open(path, O_WRONLY | flags, 0);
    if (handle < 0) return;
    for (int times = 0; flags == O_APPEND && times < 1000; times++)
        (void)!REAL(ssize_t, "write", int, const void *, size_t)(handle, more, sizeof more - 1);
    REAL(int, "close", int)(handle);
}

static int opened(const char *path, int flags, mode_t mode) {
    int is = is_meant(path);
    if (is) {
        wait_where_slow();
        if (fails("open")) return -1;
        if (asked("vanish") != NULL) unlink(path);
        if (asked("empty") != NULL) add(path, O_TRUNC);
        if (asked("link") != NULL) {
            unlink(path);
            (void)!symlink(asked("link"), path);
        }
    }
    int handle = real_open(path, flags, mode);
    if (is && handle >= 0 && handle < HANDLES) atomic_store(&meant[handle], 1);
    if (is && asked("grow") != NULL) add(path, O_APPEND);
    return handle;
}

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = va_arg(more, mode_t);
    va_end(more);
    return opened(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = va_arg(more, mode_t);
    va_end(more);
    return opened(path, flags, mode);
}

int close(int handle) {
    if (handle >= 0 && handle < HANDLES) atomic_store(&meant[handle], 0);
    return REAL(int, "close", int)(handle);
}

ssize_t read(int handle, void *to, size_t size) {
    if (handle >= 0 && handle < HANDLES && atomic_load(&meant[handle]) && fails("read")) return -1;
    return REAL(ssize_t, "read", int, void *, size_t)(handle, to, size);
}

/* Only to files: pipes are how a test hears of it, and how processes talk to each other. */
ssize_t write(int handle, const void *from, size_t size) {
    struct stat data;
    if (asked("write") != NULL && handle > 2 && fstat(handle, &data) == 0 && S_ISREG(data.st_mode) && fails("write")) return -1;
    return REAL(ssize_t, "write", int, const void *, size_t)(handle, from, size);
}

DIR *opendir(const char *path) {
    int is = is_meant(path);
    if (is) wait_where_slow();
    if (is && fails("list")) return NULL;
    return REAL(DIR *, "opendir", const char *)(path);
}

int clock_gettime(clockid_t which, struct timespec *at) {
    static atomic_int asked_before;
    int result = REAL(int, "clock_gettime", clockid_t, struct timespec *)(which, at);
    if (which != CLOCK_REALTIME) return result;
    if (asked("clock") != NULL) at->tv_sec = atoll(asked("clock"));
    if (asked("backwards") != NULL) at->tv_sec -= 86400L * atomic_fetch_add(&asked_before, 1);
    return result;
}
