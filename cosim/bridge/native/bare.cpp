// bare.cpp : runs the same model with neither VPI nor Python: the speed the bridge is measured against
// SPDX-License-Identifier: Apache-2.0
//
// It prints one line of JSON: the wall-clock and processor seconds of the loop alone.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>

#include "Vtop.h"
#include "clock.h"
#include "verilated.h"

int main(int argc, char** argv) {
    const auto context = std::make_unique<VerilatedContext>();
    context->commandArgs(argc, argv);
    const auto top = std::make_unique<Vtop>(context.get(), "");
    cosim::Clock clock;
    const auto wall = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    while (!context->gotFinish()) {
        clock.tick(*top, context->time());
        top->eval();
        uint64_t next = clock.next();
        if (top->eventsPending()) next = std::min(next, top->nextTimeSlot());
        if (next == ~static_cast<uint64_t>(0)) break;
        context->time(next);
    }
    const std::chrono::duration<double> wall_s = std::chrono::steady_clock::now() - wall;
    const double cpu_s = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
    top->final();
    std::printf("{\"wall_s\": %.6f, \"cpu_s\": %.6f}\n", wall_s.count(), cpu_s);
    return context->errorCount() > 0 ? 1 : 0;
}
