/* SPDX-License-Identifier: Apache-2.0 */
/* crossbar_tree.c : a crossbar reduced to its left and bottom ends by nested dissection, depth first.
 *
 * An area of blocks is halved until eight blocks or fewer are left, which are solved side by side; halves are joined on
 * the way back, so what is at work stays in the cache. The array's right and top ends are open: they go in the first
 * join that meets them.
 */
#include <stdlib.h>

#include "crossbar.h"

enum { JOINT, OPEN, KEPT, ROLES };
struct area { long top, left, down, across; }; /* in blocks */
struct tree { struct array array; struct area whole; double *front; wide *leaf_room; };
struct solved { const double *y; struct area area; }; /* blocks, row by row; y is 0 if there are none yet */
struct need { long front, rest; };                    /* doubles of the largest join, of all that is kept meanwhile */

static long count_of(const struct area *area)
{
	return area->down * area->across;
}

/* ports by side, and all: one block has every side, larger areas have lost their open ones */
static long sizes(const struct tree *t, const struct area *area, long size[SIDES])
{
	long high = area->down * t->array.h, broad = area->across * t->array.w * t->array.lines;
	long one = count_of(area) == 1 && count_of(&t->whole) > 1, all = 0;

	size[LEFT] = high;
	size[RIGHT] = one || area->left + area->across < t->whole.across ? high : 0;
	size[TOP] = one || area->top > 0 ? broad : 0;
	size[BOTTOM] = broad;
	for (long side = 0; side < SIDES; side++)
		all += size[side];
	return all;
}

/* the halves of an area, cut where fewer nodes lie; 1 if they are beside each other */
static long halve(const struct tree *t, const struct area *area, struct area half[2])
{
	long longer = area->across * t->array.w * t->array.lines >= area->down * t->array.h;
	long beside = area->across > 1 && (area->down == 1 || longer);

	half[0] = half[1] = *area;
	if (beside) {
		half[0].across /= 2;
		half[1].left += half[0].across;
		half[1].across -= half[0].across;
	} else {
		half[0].down /= 2;
		half[1].top += half[0].down;
		half[1].down -= half[0].down;
	}
	return beside;
}

/* where the ports of both halves lie in the whole, those that go first; how many go */
static long arrange(const struct tree *t, const struct area half[2], long beside, struct part part[2])
{
	long end = 0, gone = 0;

	for (long k = 0; k < 2; k++) {
		long size[SIDES];
		part[k].ports = sizes(t, &half[k], size);
		for (long side = 0, own = 0; side < SIDES; own += size[side++])
			part[k].run[side] = (struct run){own, 0, size[side]};
	}
	for (long role = 0; role < ROLES; role++) {
		for (long side = 0; side < SIDES; side++)
			for (long k = 0; k < 2; k++) {
				long joint = side == (beside ? RIGHT - k : BOTTOM - k);
				long open = side == RIGHT ? half[k].left + half[k].across == t->whole.across
							  : side == TOP && half[k].top == 0;
				if (role != (joint ? JOINT : open ? OPEN : KEPT))
					continue;
				part[k].run[side].place = joint ? 0 : end; /* both halves have the joint nodes */
				end += joint && k ? 0 : part[k].run[side].size;
			}
		gone = role == OPEN ? end : gone;
	}
	return gone;
}

static struct need need_of(const struct tree *t, const struct area *area, long solved)
{
	long size[SIDES], count = count_of(area), p = sizes(t, area, size);
	struct need found = {0, 0};
	struct area half[2];
	struct part part[2];

	if (count == 1)
		return found;
	long gone = arrange(t, half, halve(t, area, half), part);
	found.front = crossbar_join_room(gone, p);
	if (!solved && count <= LANES)
		found.rest = count * panels_size(crossbar_ports(&t->array));
	struct need one = need_of(t, half, solved || count <= LANES), two = need_of(t, half + 1, solved || count <= LANES);
	found.front = one.front > found.front ? one.front : found.front;
	found.front = two.front > found.front ? two.front : found.front;
	found.rest += panels_size(part[0].ports) + panels_size(part[1].ports);
	found.rest += one.rest > two.rest ? one.rest : two.rest;
	return found;
}

/* y of an area, in `y` unless it is a block that is solved already; 0 if it is singular */
static const double *reduce(const struct tree *t, const struct area *area, const struct solved *from, double *y,
			    double *rest)
{
	long size[SIDES], count = count_of(area), p = sizes(t, area, size), block = panels_size(crossbar_ports(&t->array));
	struct solved own = *from;
	struct area half[2];
	struct part part[2];

	if (!own.y && count <= LANES) {
		crossbar_leaves(&t->array, area->top * t->array.h, area->left * t->array.w, count, area->across, rest,
				t->leaf_room);
		own = (struct solved){rest, *area};
		rest += count * block;
	}
	if (count == 1)
		return own.y + ((area->top - own.area.top) * own.area.across + area->left - own.area.left) * block;
	long gone = arrange(t, half, halve(t, area, half), part);
	double *one = rest, *two = one + panels_size(part[0].ports), *behind = two + panels_size(part[1].ports);
	part[0].y = reduce(t, half, &own, one, behind);
	part[1].y = part[0].y ? reduce(t, half + 1, &own, two, behind) : 0;
	if (!part[1].y || crossbar_join(part, gone, p, y, t->front))
		return 0;
	return y;
}

/* What a tile's caller sees of p = left + bottom ends: without lines of no cells, every bit line's columns together. */
static void unpack(const struct array *a, const double *y, long rows, long cols, double *t_out, double *y_out, double *q_out)
{
	long p = a->rows + a->cols * a->lines, top = a->rows - rows, all = cols * a->lines;

	for (long i = top; i < a->rows; i++) {
		const double *row = y + row_at(p, i);
		for (long j = 0; j < all; j++)
			t_out[(i - top) * all + j % a->lines * cols + j / a->lines] = -row[a->rows + j];
		for (long j = i; q_out && j < a->rows; j++)
			q_out[(i - top) * rows + j - top] = q_out[(j - top) * rows + i - top] = row[j];
	}
	for (long i = 0; y_out && i < all; i++) {
		const double *row = y + row_at(p, a->rows + i) + a->rows;
		long at = i % a->lines * cols + i / a->lines;
		for (long j = i; j < all; j++) {
			long to = j % a->lines * cols + j / a->lines;
			y_out[at * all + to] = y_out[to * all + at] = row[j];
		}
	}
}

/* t [tiles][rows][lines][cols], y [tiles][lines][cols][lines][cols] and q [tiles][rows][rows] (y and q may be 0) of
 * arrays alike, cell [tiles][..] and so on, in at least two blocks; rows and cols are the last and first of them that
 * are asked for. Returns 0, 1 without memory, 2 if one is singular. */
long crossbar_reduce(long tiles, long rows, long cols, const long *shape, double in_s, double out_s, const double *cell,
		     const double *left, const double *below, double *t_out, double *y_out, double *q_out)
{
	struct array array = {cell, left, below, in_s, out_s, shape[0], shape[1], shape[2], shape[3], shape[4]};
	struct tree t = {array, {0, 0, shape[0] / shape[3], shape[1] / shape[4]}, 0, 0};
	const struct solved none = {0, {0, 0, 0, 0}};
	long size[SIDES], p = sizes(&t, &t.whole, size), all = cols * array.lines, failed = 0;
	struct need need = need_of(&t, &t.whole, 0);
	double *y = aligned_alloc(64, sizeof(double) * (panels_size(p) + need.rest)), *rest = y + panels_size(p);

	t.front = aligned_alloc(64, sizeof(double) * need.front);
	t.leaf_room = aligned_alloc(64, sizeof(wide) * crossbar_leaf_room(&array));
	failed = !y || !t.front || !t.leaf_room;
	for (long k = 0; k < tiles && !failed; k++) {
		if (reduce(&t, &t.whole, &none, y, rest))
			unpack(&t.array, y, rows, cols, t_out + k * rows * all, y_out ? y_out + k * all * all : 0,
			       q_out ? q_out + k * rows * rows : 0);
		else
			failed = 2;
		t.array.cell += array.rows * array.cols * array.lines;
		t.array.left += array.rows;
		t.array.below += array.cols * array.lines;
	}
	free(t.leaf_room);
	free(t.front);
	free(y);
	return failed;
}
