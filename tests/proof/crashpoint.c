/* Ends or spies on a process at a named point between its steps, from outside: no test code is in the binary.
 *
 *   LD_PRELOAD=crashpoint.so CRASH_AT=before-flush:3 CRASH_INTAKE=PORT CRASH_CHANNEL=PORT forewarn serve …
 *
 * Points, in the order of a delivery (":N" is the Nth time it is reached; the process gets SIGKILL):
 *   before-flush   the write-ahead log is written, not flushed          after-flush    it is on disk
 *   before-answer  just before the answer on the intake is written      after-answer   the answer is in the socket
 *   before-send    just before a request to the channel is written      after-write    the request is in the socket
 *   after-send     the channel's answer was read
 *   before-settle  the first flush after the channel's answer           after-settle   that flush is done
 *
 * CRASH_POWER=DIR keeps in DIR, for every file of the database, a copy as of its last flush. Putting the copies in place
 * of the files after a kill is what a power cut may leave: everything that was not flushed is gone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FDS = 4096, NONE = 0, INTAKE = 1, CHANNEL = 2 };
static _Atomic char kind[FDS];
static char point[32];
static long left;
static int intake_port, channel_port;
static char power[512];
static atomic_int answered; /* the channel answered and nothing was flushed since */
static pthread_mutex_t copying = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void setup(void) {
  const char *at = getenv("CRASH_AT"), *p;
  if (at) {
    snprintf(point, sizeof point, "%s", at);
    char *colon = strchr(point, ':');
    left = colon ? atol(colon + 1) : 1;
    if (colon) *colon = 0;
  }
  if ((p = getenv("CRASH_INTAKE"))) intake_port = atoi(p);
  if ((p = getenv("CRASH_CHANNEL"))) channel_port = atoi(p);
  if ((p = getenv("CRASH_POWER"))) snprintf(power, sizeof power, "%s", p);
}

static void reached(const char *name) {
  if (!point[0] || strcmp(point, name)) return;
  if (__atomic_sub_fetch(&left, 1, __ATOMIC_SEQ_CST) == 0) {
    fprintf(stderr, "crashpoint: SIGKILL at %s\n", name);
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
}

static int port_of(const struct sockaddr *a) {
  if (a->sa_family == AF_INET) return ntohs(((const struct sockaddr_in *)a)->sin_port);
  if (a->sa_family == AF_INET6) return ntohs(((const struct sockaddr_in6 *)a)->sin6_port);
  return -1;
}
static int is(int fd, int k) { return fd >= 0 && fd < FDS && kind[fd] == k; }

int accept4(int s, struct sockaddr *a, socklen_t *n, int flags) {
  int fd = REAL(accept4)(s, a, n, flags);
  struct sockaddr_storage own;
  socklen_t len = sizeof own;
  if (fd >= 0 && fd < FDS && !getsockname(fd, (struct sockaddr *)&own, &len))
    kind[fd] = port_of((struct sockaddr *)&own) == intake_port ? INTAKE : NONE;
  return fd;
}
int connect(int fd, const struct sockaddr *a, socklen_t n) {
  if (fd >= 0 && fd < FDS) kind[fd] = port_of(a) == channel_port ? CHANNEL : NONE;
  return REAL(connect)(fd, a, n);
}
int close(int fd) {
  if (fd >= 0 && fd < FDS) kind[fd] = NONE;
  return REAL(close)(fd);
}

static void before_out(int fd) {
  if (is(fd, INTAKE)) reached("before-answer");
  if (is(fd, CHANNEL)) reached("before-send");
}
static ssize_t after_out(int fd, ssize_t n) {
  if (n > 0 && is(fd, INTAKE)) reached("after-answer");
  if (n > 0 && is(fd, CHANNEL)) reached("after-write");
  return n;
}
static ssize_t after_in(int fd, ssize_t n) {
  if (n > 0 && is(fd, CHANNEL)) {
    answered = 1;
    reached("after-send");
  }
  return n;
}

ssize_t write(int fd, const void *b, size_t n) { before_out(fd); return after_out(fd, REAL(write)(fd, b, n)); }
ssize_t writev(int fd, const struct iovec *v, int n) { before_out(fd); return after_out(fd, REAL(writev)(fd, v, n)); }
ssize_t send(int fd, const void *b, size_t n, int f) { before_out(fd); return after_out(fd, REAL(send)(fd, b, n, f)); }
ssize_t sendmsg(int fd, const struct msghdr *m, int f) { before_out(fd); return after_out(fd, REAL(sendmsg)(fd, m, f)); }
ssize_t sendto(int fd, const void *b, size_t n, int f, const struct sockaddr *a, socklen_t l) {
  before_out(fd);
  return after_out(fd, REAL(sendto)(fd, b, n, f, a, l));
}
ssize_t read(int fd, void *b, size_t n) { return after_in(fd, REAL(read)(fd, b, n)); }
ssize_t recv(int fd, void *b, size_t n, int f) { return after_in(fd, REAL(recv)(fd, b, n, f)); }
ssize_t recvmsg(int fd, struct msghdr *m, int f) { return after_in(fd, REAL(recvmsg)(fd, m, f)); }
ssize_t recvfrom(int fd, void *b, size_t n, int f, struct sockaddr *a, socklen_t *l) {
  return after_in(fd, REAL(recvfrom)(fd, b, n, f, a, l));
}

/* The name of a file of the database, or nothing. */
static const char *database(int fd, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, size - 1);
  if (n <= 0) return NULL;
  path[n] = 0;
  char *name = strrchr(path, '/');
  return name && strstr(name, ".db") ? name + 1 : NULL;
}
static void keep(const char *path, const char *name) {
  char to[1024], temp[1100];
  static char buf[1 << 20];
  snprintf(to, sizeof to, "%s/%s", power, name);
  snprintf(temp, sizeof temp, "%s.part", to);
  pthread_mutex_lock(&copying);
  int in = open(path, O_RDONLY | O_CLOEXEC), out = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int ok = in >= 0 && out >= 0;
  for (ssize_t n; ok && (n = REAL(read)(in, buf, sizeof buf)) > 0;) ok = REAL(write)(out, buf, n) == n;
  if (in >= 0) REAL(close)(in);
  if (out >= 0) REAL(close)(out);
  if (ok) rename(temp, to);
  pthread_mutex_unlock(&copying);
}
static int flush(int fd, int (*act)(int)) {
  char path[512];
  const char *name = database(fd, path, sizeof path);
  int wal = name && strstr(name, "-wal"), settles = wal && answered;
  if (wal) reached("before-flush");
  if (settles) reached("before-settle");
  int r = act(fd);
  if (name && !r && power[0]) keep(path, name);
  if (wal) reached("after-flush");
  if (settles) {
    answered = 0;
    reached("after-settle");
  }
  return r;
}
int fsync(int fd) { return flush(fd, REAL(fsync)); }
int fdatasync(int fd) { return flush(fd, REAL(fdatasync)); }
