/* main.c : process that owns one ngspice and steps one macro on command
 * SPDX-License-Identifier: Apache-2.0
 *
 * usage: worker LIBNGSPICE SCRIPT SHARED_FD COMMAND_FD PARENT_PID TIED
 * TIED 1: the kernel ends the worker with the thread that started it, even a stopped worker.
 * SCRIPT is a file of ngspice commands; the last one is the transient run and waits for a command.
 * Ends when the command socket closes, when the parent goes, or when told to. Never on SIGINT:
 * Ctrl-C belongs to the program above, which closes the socket.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world.h"

/* the parts of ngspice's shared-library interface that are used here */
typedef int send_char_t(char *, int, void *);
typedef int send_stat_t(char *, int, void *);
typedef int exit_t(int, bool, bool, int, void *);
typedef struct {
	char *name;
	double creal, cimag;
	bool is_scale, is_complex;
} vecvalue_t;
typedef struct {
	int veccount, vecindex;
	vecvalue_t **vecs;
} vecvalues_t;
typedef int send_data_t(vecvalues_t *, int, int, void *);
typedef int send_init_t(void *, int, void *);
typedef int running_t(bool, int, void *);
typedef int vsrc_t(double *, double, char *, int, void *);
typedef int sync_t(double, double *, double, int, int, int, void *);

world_t *cosim_world;
source_t *cosim_sources;
probe_t *cosim_probes;
change_t *cosim_changes;
crossing_t *cosim_crossings;
solver_t cosim_solver;

static int command_fd;
static pid_t parent;

static int on_text(char *text, int id, void *user)
{
	(void)id, (void)user;
	/* "stdout " or "stderr " stands before every line */
	fprintf(stderr, "%s\n", text);
	fflush(stderr);
	return 0;
}

static int on_exit_wanted(int status, bool now, bool quit, int id, void *user)
{
	(void)status, (void)now, (void)quit, (void)id, (void)user;
	lockstep_reply(STATUS_FAILED); /* does not return */
	return 0;
}

static int on_data(vecvalues_t *values, int count, int id, void *user)
{
	(void)id, (void)user;
	for (int k = 0; k < count; k++)
		if (values->vecs[k]->is_scale) {
			lockstep_point(values->vecs[k]->creal);
			return 0;
		}
	return 0;
}

static int on_plot(void *info, int id, void *user)
{
	(void)info, (void)id, (void)user;
	return 0;
}

static int on_sync(double t_s, double *delta_s, double old_delta_s, int redo, int id, int location,
		   void *user)
{
	(void)old_delta_s, (void)id, (void)user;
	return lockstep_sync(t_s, delta_s, redo, location);
}

/* Ends the process when nobody is left to command it, whatever the solver is doing. */
static void *watch(void *unused)
{
	struct pollfd end = {.fd = command_fd, .events = POLLRDHUP};
	(void)unused;
	for (;;) {
		if (poll(&end, 1, 500) > 0 && (end.revents & (POLLRDHUP | POLLHUP | POLLERR)))
			_exit(0);
		if (getppid() != parent)
			_exit(0);
	}
}

static void *symbol(void *library, const char *name)
{
	void *found = dlsym(library, name);
	if (!found) {
		fprintf(stderr, "worker: %s\n", dlerror());
		lockstep_reply(STATUS_FAILED);
	}
	return found;
}

static void map_world(int fd)
{
	struct stat info;
	char *base;
	if (fstat(fd, &info) != 0)
		_exit(2);
	base = mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED || ((world_t *)base)->magic != COSIM_MAGIC)
		_exit(2);
	cosim_world = (world_t *)base;
	cosim_sources = (source_t *)(cosim_world + 1);
	cosim_probes = (probe_t *)(cosim_sources + cosim_world->n_sources);
	cosim_changes = (change_t *)(cosim_probes + cosim_world->n_probes);
	cosim_crossings = (crossing_t *)(cosim_changes + cosim_world->n_changes_max);
	if ((char *)(cosim_crossings + MAX_CROSSINGS) != base + info.st_size)
		_exit(2);
	cosim_solver.source_branch = calloc((size_t)cosim_world->n_sources + 1, 4);
	cosim_solver.source_node[0] = calloc((size_t)cosim_world->n_sources + 1, 4);
	cosim_solver.source_node[1] = calloc((size_t)cosim_world->n_sources + 1, 4);
	cosim_solver.probe_node = calloc((size_t)cosim_world->n_probes + 1, 4);
}

static void settle_process(int tied)
{
	sigset_t ignored;
	pthread_t watcher;
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ignored, NULL); /* threads made later inherit it */
	if (tied)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	pthread_create(&watcher, NULL, watch, NULL);
}

int main(int argc, char **argv)
{
	void *library;
	FILE *script;
	char line[8192];
	int (*command)(char *);

	if (argc != 7)
		return 2;
	command_fd = atoi(argv[4]);
	parent = (pid_t)atoi(argv[5]);
	map_world(atoi(argv[3]));
	settle_process(atoi(argv[6]));
	library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
	lockstep_open(command_fd);
	if (!library) {
		fprintf(stderr, "worker: %s\n", dlerror());
		lockstep_reply(STATUS_FAILED);
	}
	lockstep_bind((int (*)(double))symbol(library, "ngSpice_SetBkpt"));
	((int (*)(send_char_t *, send_stat_t *, exit_t *, send_data_t *, send_init_t *, running_t *,
		  void *))symbol(library, "ngSpice_Init"))(on_text, NULL, on_exit_wanted, on_data,
							    on_plot, NULL, NULL);
	((int (*)(vsrc_t *, vsrc_t *, sync_t *, int *, void *))symbol(
		library, "ngSpice_Init_Sync"))(NULL, NULL, on_sync, NULL, NULL);
	command = (int (*)(char *))symbol(library, "ngSpice_Command");

	script = fopen(argv[2], "r");
	if (!script)
		return 2;
	cosim_world->phase = PHASE_LOADING;
	while (fgets(line, sizeof line, script)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "tran ", 5)) { /* everything is loaded: wait for the start */
			lockstep_reply(STATUS_OK);
			lockstep_wait();
			cosim_world->phase = PHASE_OP;
		}
		if (command(line) != 0)
			break;
	}
	usleep(200000); /* ngspice prints from a thread of its own */
	/* a run has no natural end: only a failure brings it here */
	lockstep_reply(cosim_world->saw_nan ? STATUS_NAN : STATUS_FAILED);
	return 1;
}
