/* SPDX-License-Identifier: Apache-2.0 */
/* crossbar.h : a crossbar's cells and wires; the blocks it is cut into, their ports and matrices.
 *
 * A block's ports are its sides in the order left, right (words), top, bottom (bits; lines of a column side by side).
 * Its matrix is symmetric and kept as an upper triangle, in panels of ROWS rows: panel k has columns from ROWS k on, to
 * a whole number of vectors.
 */
#ifndef CROSSBAR_H
#define CROSSBAR_H

enum { LANES = 8, ROWS = 8, LEFT = 0, RIGHT, TOP, BOTTOM, SIDES };
typedef double wide __attribute__((vector_size(64), may_alias));

/* siemens of rows x cols cells of `lines` bit lines: cell [rows][cols][lines], links before column 0 [rows] and below
 * the last row [cols][lines], all others in_s and out_s; cut into blocks of h x w */
struct array {
	const double *cell, *left, *below;
	double in_s, out_s;
	long rows, cols, lines, h, w;
};

/* the ports [own, own + size) of a part are nodes [place, place + size) of the whole */
struct run { long own, place, size; };
struct part { const double *y; long ports; struct run run[SIDES]; };

static inline long up(long count, long to)
{
	return (count + to - 1) / to * to;
}

/* doubles of a matrix */
static inline long panels_size(long ports)
{
	long broad = up(ports, ROWS);

	return broad * (broad + ROWS) / 2;
}

/* where row i would have its column 0, of a matrix of `ports` */
static inline long row_at(long ports, long i)
{
	long broad = up(ports, ROWS), panel = i / ROWS;

	return ROWS * panel * broad - ROWS * ROWS * panel * (panel - 1) / 2 + i % ROWS * (broad - ROWS * panel)
	       - ROWS * panel;
}

long crossbar_ports(const struct array *a);     /* of one block */
long crossbar_leaf_room(const struct array *a); /* wides that crossbar_leaves needs */
long crossbar_join_room(long gone, long kept);  /* doubles that crossbar_join needs */

/* matrices, one behind the other, of at most LANES blocks: `across` beside each other from cell (row, col) on */
void crossbar_leaves(const struct array *a, long row, long col, long count, long across, double *y, wide *room);

/* y of `kept` ports: both parts put together without the first `gone` nodes; 1 if they are singular */
int crossbar_join(const struct part part[2], long gone, long kept, double *y, double *room);
#endif
