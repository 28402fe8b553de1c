// clock.h : the clock of a model that has it as a port i_clk of its top
// SPDX-License-Identifier: Apache-2.0
//
// Built with COSIM_CLOCK_PS, the period. It rises at every multiple of the period and is high for
// half of it rounded down, as rtl/sim/sim_clock.v makes it inside a model.

#ifndef COSIM_CLOCK_H
#define COSIM_CLOCK_H

#include <cstdint>

#include "Vtop.h"

namespace cosim {

#ifdef COSIM_CLOCK_PS
class Clock {
public:
    explicit Clock(uint64_t steps_per_ps = 1)
        : m_high{COSIM_CLOCK_PS / 2 * steps_per_ps},
          m_low{COSIM_CLOCK_PS * steps_per_ps - m_high},
          m_next{m_high + m_low} {}
    // Time of the next edge, in simulator steps.
    uint64_t next() const { return m_next; }
    // Writes the edge that is due at `now`, if one is.
    void tick(Vtop& top, uint64_t now) {
        if (now != m_next) return;
        top.i_clk = !top.i_clk;
        m_next += top.i_clk ? m_high : m_low;
    }

private:
    uint64_t m_high, m_low, m_next;
};
#else
class Clock {
public:
    explicit Clock(uint64_t = 1) {}
    static uint64_t next() { return ~static_cast<uint64_t>(0); }
    static void tick(Vtop&, uint64_t) {}
};
#endif

}  // namespace cosim

#endif
