// tracer.cpp : opens, fills and closes trace files; a signal that ends the program closes them too
// SPDX-License-Identifier: Apache-2.0

#if VM_TRACE_FST || VM_TRACE_SAIF

#include "tracer.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "verilated_sym_props.h"
#include "verilated_syms.h"

namespace cosim {

namespace {

constexpr size_t MAX_PROBES = 1U << 16;  // the storage must not move: Python writes into it
constexpr int STATUS_OF_SIGNAL = 128;

#if VM_TRACE_SAIF
// A SAIF file counts from the time it knows when it is opened: tell it, or it counts from 0.
struct Clocked : VerilatedSaif {
    static void set(VerilatedSaif& file, uint64_t now) { (file.*&Clocked::emitTimeChange)(now); }
};
#endif

int s_signals[2];  // the handler's way to the thread that may take locks

void note_signal(int number) {
    const char byte = static_cast<char>(number);
    if (write(s_signals[1], &byte, 1) != 1) _exit(STATUS_OF_SIGNAL + number);
}

}  // namespace

void Tracer::begin(VerilatedContext& context, Vtop& top, const std::string& file) {
    m_file = file;
    m_top = &top;
    m_values.reserve(MAX_PROBES);
    if (file.empty()) return;
    context.traceEverOn(true);
    const VerilatedScope* const scope = context.scopeFind("TOP");
    const VerilatedVar* const port = scope ? scope->varFind("o_window") : nullptr;
    m_window = port ? static_cast<const uint8_t*>(port->datap()) : nullptr;
    watch_for_end();
}

// Whoever asks the program to end gets a whole file, even while a circuit is being solved.
void Tracer::watch_for_end() {
    if (pipe(s_signals) != 0) return;
    struct sigaction action = {};
    action.sa_handler = note_signal;
    for (const int number : {SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
    std::thread([this] {
        char number = 0;
        if (read(s_signals[0], &number, 1) != 1) return;
        close();
        _exit(STATUS_OF_SIGNAL + number);
    }).detach();
}

void Tracer::write(uint64_t now, bool open) {
    const auto begin = std::chrono::steady_clock::now();
    {
        const std::lock_guard<std::mutex> lock{m_mutex};
        if (m_ended) return;
        if (open && !m_was_open) open_file(now);
        m_trace->dump(now);
#if VM_TRACE_SAIF
        if (!open) m_trace->close();
#endif
        m_was_open = open;
    }
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
    m_seconds += spent.count();
}

void Tracer::open_file(uint64_t now) {
    ++m_windows;
#if VM_TRACE_FST
    (void)now;
    if (m_trace) return;
    m_trace = std::make_unique<TraceFile>();
    m_top->trace(m_trace.get(), 99);
    if (!m_names.empty()) {
        const uint32_t codes = 2 * static_cast<uint32_t>(m_names.size());
        m_trace->spTrace()->addInitCb(declare, this, "analog", false, codes);
        m_trace->spTrace()->addFullCb(full, 0, this);
        m_trace->spTrace()->addChgCb(changes, 0, this);
    }
    m_trace->open(m_file.c_str());
#else
    m_trace = std::make_unique<TraceFile>();
    m_top->trace(m_trace.get(), 99);
    Clocked::set(*m_trace->spTrace(), now);
    const size_t dot = m_file.rfind('.');
    const std::string number = m_windows > 1 ? "-" + std::to_string(m_windows) : "";
    m_trace->open((m_file.substr(0, dot) + number + m_file.substr(dot)).c_str());
#endif
}

void Tracer::close() {
    const std::lock_guard<std::mutex> lock{m_mutex};
    m_ended = true;
    if (m_trace) m_trace->close();
}

int Tracer::probe(const std::string& name) {
    if (m_trace || m_names.size() == MAX_PROBES) return -1;
    m_names.push_back(name);
    m_values.push_back(0.0);
    return static_cast<int>(m_names.size()) - 1;
}

#if VM_TRACE_FST

void Tracer::declare(void* self, VerilatedFst* trace, uint32_t base) {
    Tracer& tracer = *static_cast<Tracer*>(self);
    tracer.m_base = base;
    std::vector<std::string> open;
    const auto leave_to = [&](size_t depth) {
        for (; open.size() > depth; open.pop_back()) trace->popPrefix();
    };
    uint32_t code = base;
    for (const std::string& name : tracer.m_names) {
        std::vector<std::string> path;
        size_t begin = 0;
        for (size_t dot; (dot = name.find('.', begin)) != std::string::npos; begin = dot + 1) {
            path.push_back(name.substr(begin, dot - begin));
        }
        size_t same = 0;
        while (same < open.size() && same < path.size() && open[same] == path[same]) ++same;
        leave_to(same);
        for (; same < path.size(); ++same) {
            trace->pushPrefix(path[same].c_str(), VerilatedTracePrefixType::SCOPE_MODULE);
            open.push_back(path[same]);
        }
        trace->declDouble(code, name.c_str() + begin, -1, VerilatedTraceSigDirection::NONE,
                          VerilatedTraceSigKind::VAR, VerilatedTraceSigType::DOUBLE);
        code += 2;
    }
    leave_to(0);
}

void Tracer::full(void* self, VerilatedFst::Buffer* buffer) {
    Tracer& tracer = *static_cast<Tracer*>(self);
    uint32_t* old = buffer->oldp(tracer.m_base);
    for (const double value : tracer.m_values) {
        buffer->fullDouble(old, value);
        old += 2;
    }
}

void Tracer::changes(void* self, VerilatedFst::Buffer* buffer) {
    Tracer& tracer = *static_cast<Tracer*>(self);
    uint32_t* old = buffer->oldp(tracer.m_base);
    for (const double value : tracer.m_values) {
        buffer->chgDouble(old, value);
        old += 2;
    }
}

#endif

}  // namespace cosim

extern "C" {

int cosim_probe(const char* name) { return cosim::tracer().probe(name); }

double* cosim_probe_values(void) { return cosim::tracer().values(); }

double cosim_trace_seconds(void) { return cosim::tracer().seconds(); }
}

#endif
