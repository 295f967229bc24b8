/*
 * The peer of the live-feed benchmark: plain libzmq from C, nothing around it.
 *
 *   raw_feed <libzmq.so> proxy <front> <back>
 *   raw_feed <libzmq.so> pub <front> <messages>      starts when a line comes on stdin
 *   raw_feed <libzmq.so> sub <back> <messages>
 *
 * The library is opened at run time: the same file that the system under test uses, without headers installed.
 * It refers to functions of Node as well, which are never called: whoever compiles this adds stubs of their names.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Constants of libzmq's stable ABI. */
enum { PUB = 1, SUB = 2, XPUB = 9, XSUB = 10, SUBSCRIBE = 6, SNDHWM = 23, RCVHWM = 24, SNDMORE = 2 };

static void *(*ctx_new)(void);
static void *(*socket_new)(void *, int);
static int (*set)(void *, int, const void *, size_t);
static int (*bind_to)(void *, const char *);
static int (*connect_to)(void *, const char *);
static int (*send_frame)(void *, const void *, size_t, int);
static int (*recv_frame)(void *, void *, size_t, int);
static int (*proxy)(void *, void *, void *);

static void *symbol(void *library, const char *name) {
  void *found = dlsym(library, name);
  if (found == NULL) {
    fprintf(stderr, "no symbol %s\n", name);
    exit(1);
  }
  return found;
}

/* No high-water mark: nothing is lost, so that all messages count. */
static void *open_socket(void *context, int type) {
  int unlimited = 0;
  void *socket = socket_new(context, type);
  set(socket, SNDHWM, &unlimited, sizeof unlimited);
  set(socket, RCVHWM, &unlimited, sizeof unlimited);
  return socket;
}

static double now_s(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void say(const char *event, double per_s) {
  printf("{\"event\":\"%s\",\"perS\":%.1f}\n", event, per_s);
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  void *library = dlopen(argv[1], RTLD_NOW);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  *(void **)&ctx_new = symbol(library, "zmq_ctx_new");
  *(void **)&socket_new = symbol(library, "zmq_socket");
  *(void **)&set = symbol(library, "zmq_setsockopt");
  *(void **)&bind_to = symbol(library, "zmq_bind");
  *(void **)&connect_to = symbol(library, "zmq_connect");
  *(void **)&send_frame = symbol(library, "zmq_send");
  *(void **)&recv_frame = symbol(library, "zmq_recv");
  *(void **)&proxy = symbol(library, "zmq_proxy");
  void *context = ctx_new();
  const char *role = argv[2];

  if (strcmp(role, "proxy") == 0) {
    void *front = open_socket(context, XSUB);
    void *back = open_socket(context, XPUB);
    if (bind_to(front, argv[3]) != 0 || bind_to(back, argv[4]) != 0) return 1;
    say("ready", 0);
    return proxy(front, back, NULL);
  }

  long messages = atol(argv[4]);
  char body[300];
  memset(body, 'x', sizeof body);
  if (strcmp(role, "pub") == 0) {
    void *out = open_socket(context, PUB);
    char line[16];
    if (connect_to(out, argv[3]) != 0) return 1;
    say("ready", 0);
    if (fgets(line, sizeof line, stdin) == NULL) return 1;
    double start = now_s();
    for (long index = 0; index < messages; index++) {
      send_frame(out, "Q_INTENT_READY", 14, SNDMORE);
      send_frame(out, body, sizeof body, 0);
    }
    say("published", (double)messages / (now_s() - start));
    /* Stays until it is ended: what waits in its queue would go with it. */
    for (;;) if (fgets(line, sizeof line, stdin) == NULL) return 0;
  }

  char topic[64];
  char text[1024];
  void *in = open_socket(context, SUB);
  set(in, SUBSCRIBE, "Q_INTENT_READY", 14);
  if (connect_to(in, argv[3]) != 0) return 1;
  say("ready", 0);
  double start = 0;
  for (long index = 0; index < messages; index++) {
    recv_frame(in, topic, sizeof topic, 0);
    recv_frame(in, text, sizeof text, 0);
    if (index == 0) start = now_s();
  }
  say("received", (double)(messages - 1) / (now_s() - start));
  return 0;
}
