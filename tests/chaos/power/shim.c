/*
 * What a process asks of the kernel for the files of one directory, written down in order.
 *
 * Preloaded. A part of a program calls libc, another part (some of Bun's file functions) makes system calls directly: symbols
 * that one can stand in for see only the first. So the kernel is asked to hand all calls that change files to this library
 * (seccomp, SIGSYS); it makes the call itself, from the one place that is let through, and writes down what came of it.
 *
 * KLOROS_POWER_ROOT: the directory; only what is in it is recorded. KLOROS_POWER_LOG: where to, outside of it.
 * KLOROS_POWER_MARKS: a file whose writes are recorded as marks: what the program says at this point of the order.
 *
 * Invariant: one call at a time is made and written down, so the order of the log is the order of what happened; a sync covers
 * exactly the writes that stand before it. What is mapped into memory and written there is not seen (SQLite's -shm, which it
 * makes anew).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

enum { WRITE = 1, TRUNCATE, SYNC, SYNC_DIRECTORY, CREATE, UNLINK, RENAME, LINK, MARK, UNKNOWN };

struct record {
  uint32_t kind, path_bytes;
  uint64_t inode, offset;
  uint32_t other_bytes, data_bytes;
};

/* The only place from which these system calls go through. */
long power_call(long number, long a, long b, long c, long d, long e, long f);
extern char power_call_end[];
#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
__asm__(".text\n.globl power_call\npower_call:\n"
        "mov %rdi,%rax\nmov %rsi,%rdi\nmov %rdx,%rsi\nmov %rcx,%rdx\nmov %r8,%r10\nmov %r9,%r8\nmov 8(%rsp),%r9\n"
        "syscall\n.globl power_call_end\npower_call_end:\nret\n");
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
__asm__(".text\n.globl power_call\npower_call:\n"
        "mov x8,x0\nmov x0,x1\nmov x1,x2\nmov x2,x3\nmov x3,x4\nmov x4,x5\nmov x5,x6\n"
        "svc #0\n.globl power_call_end\npower_call_end:\nret\n");
#else
#error "written for x86-64 and aarch64"
#endif
#define CALL(number, a, b, c) power_call(number, (long)(a), (long)(b), (long)(c), 0, 0, 0)

#define PATH 4096
static char root[PATH], marks[PATH];
static int log_fd = -1;
static volatile char busy;

static void lock(void) {
  while (__atomic_test_and_set(&busy, __ATOMIC_ACQUIRE)) CALL(SYS_sched_yield, 0, 0, 0);
}
static void unlock(void) { __atomic_clear(&busy, __ATOMIC_RELEASE); }

/* A recording with a hole in it would prove nothing. */
static void die(const char *why) {
  CALL(SYS_write, 2, "power shim: ", 12);
  CALL(SYS_write, 2, why, strlen(why));
  CALL(SYS_write, 2, "\n", 1);
  CALL(SYS_exit_group, 97, 0, 0);
}

static void put(const void *bytes, size_t count) {
  for (const char *at = bytes; count > 0;) {
    long n = CALL(SYS_write, log_fd, at, count);
    if (n <= 0) die("cannot write the log");
    at += n;
    count -= n;
  }
}

static void note(uint32_t kind, uint64_t inode, uint64_t offset, const char *path, const char *other, const void *data,
                 size_t data_bytes) {
  struct record head = {kind, path ? strlen(path) : 0, inode, offset, other ? strlen(other) : 0, data_bytes};
  put(&head, sizeof head);
  if (path) put(path, head.path_bytes);
  if (other) put(other, head.other_bytes);
  if (data_bytes) put(data, data_bytes);
}

static int inside(const char *path) {
  size_t n = strlen(root);
  return strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == 0);
}

/* Where a descriptor leads; empty: nowhere that has a name. */
static void path_of(int fd, char *path) {
  char link[64];
  if (fd == AT_FDCWD) strcpy(link, "/proc/self/cwd");
  else snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  long n = power_call(SYS_readlinkat, AT_FDCWD, (long)link, (long)path, PATH - 1, 0, 0);
  path[n > 0 ? n : 0] = 0;
}

static void full_path(int directory, const char *given, char *path) {
  if (given[0] == '/') {
    snprintf(path, PATH, "%s", given);
    return;
  }
  path_of(directory, path);
  size_t n = strlen(path);
  snprintf(path + n, PATH - n, "/%s", given);
}

static int state_at(const char *path, struct stat *state) {
  return power_call(SYS_newfstatat, AT_FDCWD, (long)path, (long)state, AT_SYMLINK_NOFOLLOW, 0, 0) == 0;
}

/* What is behind a descriptor, when it is a thing that is recorded. */
static int is_watched(int fd, char *path, struct stat *state) {
  if (CALL(SYS_fstat, fd, state, 0) != 0 || !(S_ISREG(state->st_mode) || S_ISDIR(state->st_mode))) return 0;
  path_of(fd, path);
  return inside(path) || strcmp(path, marks) == 0;
}

static void note_write(const char *path, uint64_t inode, uint64_t offset, const void *data, size_t bytes) {
  if (strcmp(path, marks) == 0) note(MARK, 0, 0, NULL, NULL, data, bytes);
  else note(WRITE, inode, offset, NULL, NULL, data, bytes);
}

/* The bytes that a call put there without showing them: read back. */
static void note_copied(int fd, uint64_t inode, uint64_t from, uint64_t to) {
  static char piece[65536];
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  long reader = power_call(SYS_openat, AT_FDCWD, (long)link, O_RDONLY | O_CLOEXEC, 0, 0, 0);
  if (reader < 0) die("cannot read what was copied");
  while (from < to) {
    size_t want = to - from < sizeof piece ? to - from : sizeof piece;
    long n = power_call(SYS_pread64, reader, (long)piece, want, from, 0, 0);
    if (n <= 0) die("cannot read what was copied");
    note(WRITE, inode, from, NULL, NULL, piece, n);
    from += n;
  }
  CALL(SYS_close, reader, 0, 0);
}

static long on_write(long number, const long *a) {
  static char path[PATH];
  struct stat state;
  if (!is_watched(a[0], path, &state)) {
    unlock(); /* It may have to wait for who reads. */
    long result = power_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    lock();
    return result;
  }
  long result = power_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (result <= 0) return result;
  int placed = number == SYS_pwrite64 || number == SYS_pwritev || (number == SYS_pwritev2 && a[3] != -1);
  uint64_t offset = placed ? (uint64_t)a[3] : (uint64_t)CALL(SYS_lseek, a[0], 0, SEEK_CUR) - result;
  if (number == SYS_write || number == SYS_pwrite64) {
    note_write(path, state.st_ino, offset, (void *)a[1], result);
    return result;
  }
  const struct iovec *pieces = (void *)a[1];
  for (long i = 0, left = result; i < a[2] && left > 0; i++) {
    size_t bytes = (long)pieces[i].iov_len < left ? pieces[i].iov_len : (size_t)left;
    note_write(path, state.st_ino, offset, pieces[i].iov_base, bytes);
    offset += bytes;
    left -= bytes;
  }
  return result;
}

static long on_open(long number, const long *a) {
  static char path[PATH];
#ifdef SYS_open
  int flags = number == SYS_open ? a[1] : number == SYS_creat ? O_CREAT | O_WRONLY | O_TRUNC : a[2];
  if (number == SYS_openat) full_path(a[0], (char *)a[1], path);
  else full_path(AT_FDCWD, (char *)a[0], path);
#else
  int flags = a[2];
  full_path(a[0], (char *)a[1], path);
#endif
  struct stat before, after;
  int watched = inside(path) && (flags & (O_CREAT | O_TRUNC)) != 0;
  if (inside(path) && (flags & O_TMPFILE) == O_TMPFILE) die("a file without a name");
  int was = watched && state_at(path, &before);
  long fd = power_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (fd < 0 || !watched) return fd;
  CALL(SYS_fstat, fd, &after, 0);
  if (!was) note(CREATE, after.st_ino, 0, path, NULL, NULL, 0);
  else if ((flags & O_TRUNC) && before.st_size > 0) note(TRUNCATE, after.st_ino, 0, NULL, NULL, NULL, 0);
  return fd;
}

static long on_size(long number, const long *a) {
  static char path[PATH];
  struct stat state;
  int watched = is_watched(a[0], path, &state);
  long result = power_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (result != 0 || !watched) return result;
  if (number == SYS_fallocate && a[1] != 0) {
    if (a[1] != FALLOC_FL_KEEP_SIZE) die("a hole was made");
    return result;
  }
  uint64_t size = number == SYS_ftruncate ? (uint64_t)a[1] : (uint64_t)(a[2] + a[3]);
  if (number == SYS_ftruncate || size > (uint64_t)state.st_size)
    note(TRUNCATE, state.st_ino, size, NULL, NULL, NULL, 0);
  return result;
}

static long on_sync(long number, const long *a) {
  static char path[PATH];
  struct stat state;
  int watched = is_watched(a[0], path, &state);
  long result = power_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (result != 0 || !watched) return result;
  if (S_ISDIR(state.st_mode)) note(SYNC_DIRECTORY, 0, 0, path, NULL, NULL, 0);
  else note(SYNC, state.st_ino, 0, NULL, NULL, NULL, 0);
  return result;
}

static long on_copy(long number, const long *a) {
  static char path[PATH];
  struct stat state;
  int to = number == SYS_copy_file_range ? a[2] : a[0];
  int is_clone = number == SYS_ioctl && a[1] == (long)FICLONE;
  if ((number == SYS_ioctl && !is_clone) || !is_watched(to, path, &state)) {
    unlock();
    long result = power_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    lock();
    return result;
  }
  long result = power_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (result < 0 || (result == 0 && !is_clone)) return result;
  if (is_clone) {
    CALL(SYS_fstat, to, &state, 0);
    note_copied(to, state.st_ino, 0, state.st_size);
    return result;
  }
  uint64_t end = number == SYS_copy_file_range && a[3] != 0 ? (uint64_t) * (int64_t *)a[3]
                                                            : (uint64_t)CALL(SYS_lseek, to, 0, SEEK_CUR);
  note_copied(to, state.st_ino, end - result, end);
  return result;
}

static long on_name(long number, const long *a) {
  static char from[PATH], to[PATH];
  uint32_t kind = UNLINK;
  int gone = 1;
  to[0] = 0;
  struct stat state;
#ifdef SYS_open
  if (number == SYS_rename || number == SYS_link || number == SYS_unlink) {
    kind = number == SYS_rename ? RENAME : number == SYS_link ? LINK : UNLINK;
    full_path(AT_FDCWD, (char *)a[0], from);
    if (kind != UNLINK) full_path(AT_FDCWD, (char *)a[1], to);
    gone = 0;
  }
#endif
  if (gone) {
    full_path(a[0], (char *)a[1], from);
    if (number != SYS_unlinkat) {
      kind = number == SYS_linkat ? LINK : RENAME;
      full_path(a[2], (char *)a[3], to);
    }
  }
  int watched = inside(from) || (to[0] && inside(to));
  int was = watched && state_at(from, &state);
  long result = power_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (result != 0 || !was || S_ISDIR(state.st_mode)) return result;
  if (number == SYS_renameat2 && a[4] & ~1L) die("names were exchanged");
  if (kind != UNLINK && (!inside(from) || !inside(to))) die("a file was moved into the directory or out of it");
  note(kind, state.st_ino, 0, from, to, NULL, 0);
  return result;
}

static long made(long number, const long *a) {
  switch (number) {
    case SYS_write: case SYS_pwrite64: case SYS_writev: case SYS_pwritev: case SYS_pwritev2:
      return on_write(number, a);
#ifdef SYS_open
    case SYS_open: case SYS_creat:
#endif
    case SYS_openat:
      return on_open(number, a);
    case SYS_ftruncate: case SYS_fallocate:
      return on_size(number, a);
    case SYS_fsync: case SYS_fdatasync:
      return on_sync(number, a);
    case SYS_copy_file_range: case SYS_sendfile: case SYS_ioctl:
      return on_copy(number, a);
    default:
      return on_name(number, a);
  }
}

static void on_sigsys(int signal, siginfo_t *info, void *context) {
  (void)signal;
  ucontext_t *at = context;
#if defined(__x86_64__)
  greg_t *r = at->uc_mcontext.gregs;
  long a[6] = {r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], r[REG_R9]};
#else
  unsigned long long *r = at->uc_mcontext.regs;
  long a[6] = {r[0], r[1], r[2], r[3], r[4], r[5]};
#endif
  int saved = errno;
  lock();
  long result = made(info->si_syscall, a);
  unlock();
  errno = saved;
#if defined(__x86_64__)
  r[REG_RAX] = result;
#else
  r[0] = result;
#endif
}

static const int seen[] = {
#ifdef SYS_open
    SYS_open, SYS_creat, SYS_rename, SYS_link, SYS_unlink,
#endif
    SYS_openat, SYS_write, SYS_pwrite64, SYS_writev, SYS_pwritev, SYS_pwritev2, SYS_ftruncate, SYS_fallocate, SYS_fsync,
    SYS_fdatasync, SYS_copy_file_range, SYS_sendfile, SYS_ioctl, SYS_renameat2, SYS_linkat, SYS_unlinkat,
#ifdef SYS_renameat
    SYS_renameat,
#endif
};
/* Ways around: as on a kernel that has them not. Their callers know another way. */
static const int refused[] = {SYS_io_uring_setup, SYS_openat2, SYS_truncate, SYS_splice};

static void see_calls(void) {
  enum { SEEN = sizeof seen / sizeof *seen, REFUSED = sizeof refused / sizeof *refused };
  static struct sock_filter code[20 + 2 * (SEEN + REFUSED)];
  int n = 0;
  uint64_t place = (uint64_t)power_call_end;
  struct sock_filter head[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)place, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(place >> 32), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
  };
  for (size_t i = 0; i < sizeof head / sizeof *head; i++) code[n++] = head[i];
  for (int i = 0; i < SEEN + REFUSED; i++) {
    uint32_t number = i < SEEN ? seen[i] : refused[i - SEEN];
    uint32_t what = i < SEEN ? SECCOMP_RET_TRAP : SECCOMP_RET_ERRNO | ENOSYS;
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what);
  }
  struct sock_filter tail[] = {
      /* The signal stays ours; Bun has a handler for it too. */
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigaction, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SIGSYS, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  for (size_t i = 0; i < sizeof tail / sizeof *tail; i++) code[n++] = tail[i];
  struct sock_fprog program = {.len = n, .filter = code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    die("the kernel does not let calls be seen here (seccomp)");
}

__attribute__((constructor)) static void begin(void) {
  const char *directory = getenv("KLOROS_POWER_ROOT"), *log = getenv("KLOROS_POWER_LOG"), *said = getenv("KLOROS_POWER_MARKS");
  if (!directory || !log || !said) return;
  snprintf(root, sizeof root, "%s", directory);
  snprintf(marks, sizeof marks, "%s", said);
  log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) die("cannot open the log");
  struct sigaction action = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};
  sigfillset(&action.sa_mask);
  if (sigaction(SIGSYS, &action, NULL) != 0) die("cannot have the signal");
  see_calls();
}
