// main.cpp : runs a Verilated model under cocotb with as little work per time step as cocotb allows
// SPDX-License-Identifier: Apache-2.0
//
// A VPI callback can only be registered from another callback. So after a time step in which none was
// called nothing can be due but a value change, the deadline already known, or the bridge: such quiet
// steps are run in a loop of their own, at nearly the speed of a bare program.

#include <algorithm>
#include <memory>
#include <string>

#include "Vtop.h"
#include "bridge.h"
#include "clock.h"
#include "loop.h"
#include "stopwatch.h"
#include "verilated.h"
#include "verilated_vpi.h"
#if VM_TRACE_FST || VM_TRACE_SAIF
#include "tracer.h"
#endif

extern "C" void vlog_startup_routines_bootstrap(void);  // cocotb's VPI library

// The evaluation inside Vtop::eval_step, which also takes two locks a call, for threads and classes.
void Vtop___024root___eval(Vtop___024root*);

namespace {

std::unique_ptr<Vtop> s_top;
cosim::Clock s_clock;
uint64_t s_steps_per_ps = 1;  // >= 1: Python refuses to bind circuits at a coarser precision
bool s_ended = false;

#if VM_TRACE_FST || VM_TRACE_SAIF
constexpr bool QUIET_BUILD = false;  // every step may go into the trace
void dump(uint64_t now) { cosim::tracer().step(now); }
#else
constexpr bool QUIET_BUILD = true;
void dump(uint64_t) {}
#endif

uint64_t time_ps(uint64_t steps) { return steps == cosim::NEVER ? steps : steps / s_steps_per_ps; }

uint64_t next_slot() {
    const uint64_t edge = s_clock.next();
    return s_top->eventsPending() ? std::min(edge, s_top->nextTimeSlot()) : edge;
}

// Value-change callbacks may write signals that others wait for: repeat until none is called.
bool value_callbacks() {
    if (!VerilatedVpi::hasCbs(cbValueChange)) return false;
    bool any = false;
    while (VerilatedVpi::callValueCbs()) any = true;
    return any;
}

// Runs the callbacks of one phase and what they wrote; true if any was called.
bool phase(int reason) {
    const bool called = VerilatedVpi::callCbs(reason);
    VerilatedVpi::doInertialPuts();
    if (called) value_callbacks();
    return called;
}

// Everything of one time step after its first evaluation: callbacks write and the model reacts.
void finish_step() {
    do {
        while (VerilatedVpi::evalNeeded()) {
            VerilatedVpi::clearEvalNeeded();
            s_top->eval_step();
            VerilatedVpi::doInertialPuts();
            value_callbacks();
        }
        phase(cbReadWriteSynch);
    } while (VerilatedVpi::evalNeeded());
    s_top->eval_end_step();
    VerilatedVpi::callCbs(cbReadOnlySynch);
}

// Time of the next step, after the circuits have moved as far as they may.
uint64_t next_time(uint64_t now, uint64_t deadline) {
    const uint64_t next = std::min(next_slot(), deadline);
    if (!cosim::bridge().due()) return next;
    const cosim::Stopwatch::Lap lap{true};
    const uint64_t stop_ps = cosim::bridge().look_ahead(time_ps(now), time_ps(next));
    return stop_ps < time_ps(next) ? stop_ps * s_steps_per_ps : next;
}

// Runs steps in which nobody can have anything to do; returns after the evaluation of one in which
// the gate moved, the model ended, or that is the last before `deadline`.
void quiet_steps(VerilatedContext& context, uint64_t deadline) {
    cosim::Bridge& bridge = cosim::bridge();
    for (;;) {
        s_clock.tick(*s_top, context.time());
        Vtop___024root___eval(s_top->rootp);
        if (bridge.gate_moved() || context.gotFinish()) return;
        const uint64_t next = next_slot();
        if (next >= deadline) return;
        context.time(next);
    }
}

void run(VerilatedContext& context) {
    cosim::Bridge& bridge = cosim::bridge();
    bool called = true;  // a callback ran in this step or the one before: anything may be registered
    bool watching = true;
    uint64_t deadline = cosim::NEVER;
    for (;;) {
        if (!called && QUIET_BUILD && bridge.quiet()) {
            quiet_steps(context, deadline);
        } else {
            s_clock.tick(*s_top, context.time());
            s_top->eval_step();
        }
        if (called) {
            VerilatedVpi::clearEvalNeeded();
            VerilatedVpi::doInertialPuts();
        }
        bool called_now = false;
        const bool shut = bridge.gate_shut();  // asked in every step: it remembers the level
        if (called || (watching && !shut)) {
            // Without a gate VPI is asked in every step: looking at the clock would cost more.
            const cosim::Stopwatch::Lap lap{bridge.gated()};
            called_now = value_callbacks();
        }
        if (called || called_now) {
            const cosim::Stopwatch::Lap lap{true};
            finish_step();
            watching = VerilatedVpi::hasCbs(cbValueChange);
            deadline = VerilatedVpi::cbNextDeadline();
        } else {
            s_top->eval_end_step();
        }
        dump(context.time());
        if (context.gotFinish()) break;
        uint64_t next = next_time(context.time(), deadline);
        if (bridge.take_called()) {  // Python ran: it may have asked for a timed callback
            called_now = true;
            deadline = VerilatedVpi::cbNextDeadline();
            next = std::min(next, deadline);
        }
        if (next == cosim::NEVER) break;
        context.time(next);
        if (bridge.pending() && bridge.apply(time_ps(next))) called_now = true;
        if (called || called_now || next >= deadline) {
            const cosim::Stopwatch::Lap lap{true};
            if (called_now) value_callbacks();
            called_now |= phase(cbNextSimTime);
            called_now |= phase(cbAfterDelay);
            deadline = VerilatedVpi::cbNextDeadline();
        }
        called = called_now;
    }
}

void end_of_simulation(void*) {
    if (s_ended) return;
    s_ended = true;
    VerilatedVpi::callCbs(cbEndOfSimulation);
#if VM_TRACE_FST || VM_TRACE_SAIF
    cosim::tracer().close();
#endif
}

}  // namespace

uint64_t cosim::next_event_ps() {
    return time_ps(std::min(next_slot(), static_cast<uint64_t>(VerilatedVpi::cbNextDeadline())));
}

extern "C" double cosim_callback_seconds(void) { return cosim::stopwatch().seconds(); }

int main(int argc, char** argv) {
    VerilatedContext& context = *Verilated::defaultContextp();
    context.commandArgs(argc, argv);
    context.fatalOnVpiError(false);  // cocotb asks for things Verilator does not know
    s_top = std::make_unique<Vtop>(&context, "");
    for (int power = context.timeprecision(); power < -12; ++power) s_steps_per_ps *= 10;
    s_clock = cosim::Clock{s_steps_per_ps};
#if VM_TRACE_FST || VM_TRACE_SAIF
    const std::string file = context.commandArgsPlusMatch("trace=");
    cosim::tracer().begin(context, *s_top, file.empty() ? file : file.substr(file.find('=') + 1));
#endif
    vlog_startup_routines_bootstrap();
    Verilated::addExitCb(end_of_simulation, nullptr);  // a fatal error still ends cocotb in order
    phase(cbStartOfSimulation);
    run(context);
    s_top->final();
    end_of_simulation(nullptr);
    const bool failed = context.errorCount() > 0;
    s_top.reset();
    return failed ? 1 : 0;
}
