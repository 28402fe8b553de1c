// SPDX-License-Identifier: Apache-2.0
// latch_run.c : the equations of veriloga/sense_latch.va over rows and picoseconds (Runge-Kutta 4)
#include <math.h>

#define PARTS 2 // steps a picosecond

typedef struct {
	double vdd, tau, gain, reset, on, drive, load, edge; // V, ps, 1, ps, V, ohm, F, ps
	double from, to, since;                              // the clock: from, to (V), since (ps)
	double still;                                        // V in a picosecond that is no motion
} latch_t;

typedef struct {
	double w, q, joules; // a picosecond: latch, spike wire, energy out of the supply
} rate_t;

static double clock_v(const latch_t *p, double t) {
	return p->from + fmin(fmax((t - p->since) / p->edge, 0.0), 1.0) * (p->to - p->from);
}

static rate_t rate(const latch_t *p, double on, double w, double q, double input) {
	const double grown = p->gain * input + w * (1.0 - w * w / (p->vdd * p->vdd + 1e-6));
	const double high = 0.5 * (1.0 + tanh((w - 0.5 * p->vdd) / p->on));
	const double up = high * (p->vdd - q) / p->drive;
	const double down = (1.0 - high) * q / p->drive;

	return (rate_t){
		on * grown / p->tau - (1.0 - on) * w / p->reset,
		1e-12 * (up - down) / p->load,
		1e-12 * p->vdd * up,
	};
}

// Up to `most` picoseconds from t0, until a spike wire crosses half of the supply or nothing moves.
// input[(2 PARTS s + k) rows + r]: volts at row r's inputs, k halves of a step after picosecond s.
// crossed[r]: when (ps), NAN without; *moving: whether anything did in the last one. Returns how many.
long latch_run(long rows, long most, double t0, const double *input, const latch_t *p, double *w,
	       double *q, double *joules, double *crossed, long *moving) {
	const double h = 1.0 / PARTS;
	long s = 0, found = 0;

	for (long r = 0; r < rows; r++) {
		crossed[r] = NAN;
	}
	*moving = 1;
	while (s < most && !found && *moving) {
		double drift = 0.0;

		for (long r = 0; r < rows; r++) {
			const double w0 = w[r], q0 = q[r];

			for (long part = 0; part < PARTS; part++) {
				const double t = t0 + (double)s + (double)part * h;
				const double *x = input + 2 * (PARTS * s + part) * rows + r;
				const double before = q[r];
				double on[3];

				for (long k = 0; k < 3; k++) {
					const double v = clock_v(p, t + 0.5 * h * (double)k);

					on[k] = 0.5 * (1.0 + tanh((v - 0.5 * p->vdd) / p->on));
				}
				const rate_t a = rate(p, on[0], w[r], q[r], x[0]);
				const rate_t b = rate(p, on[1], w[r] + 0.5 * h * a.w, q[r] + 0.5 * h * a.q, x[rows]);
				const rate_t c = rate(p, on[1], w[r] + 0.5 * h * b.w, q[r] + 0.5 * h * b.q, x[rows]);
				const rate_t d = rate(p, on[2], w[r] + h * c.w, q[r] + h * c.q, x[2 * rows]);

				w[r] += h / 6.0 * (a.w + 2.0 * b.w + 2.0 * c.w + d.w);
				q[r] += h / 6.0 * (a.q + 2.0 * b.q + 2.0 * c.q + d.q);
				*joules += h / 6.0 * (a.joules + 2.0 * b.joules + 2.0 * c.joules + d.joules);
				if ((before < 0.5 * p->vdd) != (q[r] < 0.5 * p->vdd)) {
					crossed[r] = t + h * (0.5 * p->vdd - before) / (q[r] - before);
					found = 1;
				}
			}
			drift = fmax(drift, fmax(fabs(w[r] - w0), fabs(q[r] - q0)));
		}
		s++;
		*moving = t0 + (double)s < p->since + p->edge || !(drift <= p->still);
	}
	return s;
}
