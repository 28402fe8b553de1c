// tracer.h : writes the trace of a model, RTL signals and analog values on one time base
// SPDX-License-Identifier: Apache-2.0
//
// Only builds with --trace-fst or --trace-saif have it. FST: one file, opened with the first window.
// SAIF counts time, so each window is a file of its own: NAME.saif, NAME-2.saif, ... The model says
// while a window is open by the port o_window of its top; a top without one is always traced.

#ifndef COSIM_TRACER_H
#define COSIM_TRACER_H

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "Vtop.h"
#include "verilated.h"
#if VM_TRACE_FST
#include "verilated_fst_c.h"
#endif
#if VM_TRACE_SAIF
#include "verilated_saif_c.h"
#endif

namespace cosim {

#if VM_TRACE_FST
using TraceFile = VerilatedFstC;
#else
using TraceFile = VerilatedSaifC;
#endif

class Tracer {
public:
    // Before the first step; without a file nothing is ever written.
    void begin(VerilatedContext& context, Vtop& top, const std::string& file);
    // The step at `now` is complete.
    void step(uint64_t now) {
        if (m_file.empty()) return;
        const bool open = !m_window || *m_window;
        if (open || m_was_open) write(now, open);
    }
    // The file is whole afterwards, and takes nothing any more. Any thread may call it.
    void close();
    // A real of the file: its place in `values`. Names are scopes and a variable, joined by dots;
    // names of one scope come together. Only before the first window.
    int probe(const std::string& name);
    double* values() { return m_values.data(); }
    double seconds() const { return m_seconds; }

private:
    void write(uint64_t now, bool open);
    void open_file(uint64_t now);
    void watch_for_end();

    std::string m_file;
    const uint8_t* m_window = nullptr;  // the port's own byte
    bool m_was_open = false;
    bool m_ended = false;
    unsigned m_windows = 0;
    double m_seconds = 0.0;
    Vtop* m_top = nullptr;
    std::unique_ptr<TraceFile> m_trace;
    std::mutex m_mutex;
    std::vector<std::string> m_names;
    std::vector<double> m_values;
    uint32_t m_base = 0;

#if VM_TRACE_FST
    static void declare(void* self, VerilatedFst* trace, uint32_t base);
    static void full(void* self, VerilatedFst::Buffer* buffer);
    static void changes(void* self, VerilatedFst::Buffer* buffer);
#endif
};

inline Tracer s_tracer;
inline Tracer& tracer() { return s_tracer; }

}  // namespace cosim

#endif
