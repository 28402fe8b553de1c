/* serial_omp.c : OpenMP without its library's price when ngspice is told to use one thread
 * SPDX-License-Identifier: Apache-2.0
 *
 * ngspice opens a parallel region for every kind of device in every Newton load. libgomp makes
 * three system calls and a task per instance of that even with one thread: half the time of a small
 * circuit. The program's own symbols come first in the search order, so ngspice calls these; with
 * more than one thread they hand everything on to libgomp.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

typedef void region_t(void *);
typedef void copy_t(void *, void *);

static bool serial; /* decided by omp_set_num_threads, which ngspice calls before it loads */

static void *libgomp(const char *name)
{
	static void *library;
	void *found;
	if (!library)
		library = dlopen("libgomp.so.1", RTLD_NOW | RTLD_NOLOAD);
	found = library ? dlsym(library, name) : NULL;
	if (!found) {
		fprintf(stderr, "worker: libgomp has no %s\n", name);
		_Exit(1);
	}
	return found;
}

#define REAL(type, name)                                                                           \
	static __typeof__(type) *real;                                                                     \
	if (!real)                                                                                 \
		real = (__typeof__(type) *)libgomp(name)

void omp_set_num_threads(int count)
{
	REAL(void(int), "omp_set_num_threads");
	serial = count == 1;
	real(count);
}

int omp_get_num_threads(void)
{
	REAL(int(void), "omp_get_num_threads");
	return serial ? 1 : real();
}

int omp_get_thread_num(void)
{
	REAL(int(void), "omp_get_thread_num");
	return serial ? 0 : real();
}

double omp_get_wtime(void)
{
	return 0.0; /* ngspice only sums statistics with it, twenty times a step */
}

void GOMP_parallel(region_t *region, void *data, unsigned threads, unsigned flags)
{
	REAL(void(region_t *, void *, unsigned, unsigned), "GOMP_parallel");
	if (serial)
		region(data);
	else
		real(region, data, threads, flags);
}

bool GOMP_single_start(void)
{
	REAL(bool(void), "GOMP_single_start");
	return serial ? true : real();
}

void GOMP_barrier(void)
{
	REAL(void(void), "GOMP_barrier");
	if (!serial)
		real();
}

void GOMP_task(region_t *task, void *data, copy_t *copy, long size, long align, bool now,
	       unsigned flags, void **depend, int priority, void *detach)
{
	REAL(void(region_t *, void *, copy_t *, long, long, bool, unsigned, void **, int, void *),
	     "GOMP_task");
	if (!serial) {
		real(task, data, copy, size, align, now, flags, depend, priority, detach);
	} else if (copy) {
		char room[size + align];
		char *own = room + (align - (long)((size_t)room % (size_t)align)) % align;
		copy(own, data);
		task(own);
	} else {
		task(data);
	}
}
