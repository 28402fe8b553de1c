# SPDX-License-Identifier: Apache-2.0
"""test_noise : closed forms against ngspice's noise analysis, integrals, rates and differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from cosim.analog.characterise import neuron_curve
from cosim.analog.factory import make_engine
from cosim.analog.ideal_forward import ideal_forward
from cosim.analog.netlist import ENABLE, input_pin, output_pin
from cosim.analog.netlist_parts import model_cards, neuron_models
from cosim.analog.ngspice_run import run_plots
from cosim.analog.noise import amplifier_noise, bandwidth_hz, output_noise
from cosim.analog.noise_neuron import BOLTZMANN, CHARGE, junction_noise, neuron_noise
from cosim.analog.protocol import Sample
from cosim.analog.variation import nominal_die
from cosim.design import Design, load_design
from cosim.errors import DesignError

R_P_OHM = 10e-12 / (np.pi / 4 * 50e-9 * 30e-9)
SPICE_K = 300.15  # ngspice's default of 27 C
SIZES = (12, 5, 4)


def design_of(*sets: str) -> Design:
    return load_design("imac_14nm", [f"variation.temperature_k={SPICE_K}", *sets])


@pytest.mark.parametrize("poles", [[1e9], [6e8, 5e9], [1e9, 1e9, 1e9], [6e8, 7e8, 2e9, 5e9]])
def test_bandwidth_is_the_integral_over_the_poles(poles: list[float]) -> None:
    scale = max(poles)
    ratios = np.array(poles) / scale
    area, _ = quad(lambda f: float(np.prod(1 / (1 + (f / ratios) ** 2))), 0, np.inf, limit=400)
    assert bandwidth_hz(poles) == pytest.approx(area * scale, rel=1e-6)


@pytest.mark.parametrize("volts", [-0.8, -0.03, 1e-4, 0.01, 0.05, 0.8])
def test_junction_noise_is_that_of_two_poisson_streams(volts: float) -> None:
    g = 1 / 8.5e3
    # forward and backward electrons obey detailed balance and differ by the net current
    ratio = np.exp(CHARGE * volts / (BOLTZMANN * SPICE_K))
    backward = g * volts / CHARGE / (ratio - 1)
    expected = 2 * CHARGE**2 * (backward * ratio + backward)
    assert junction_noise(np.array(g), np.array(volts), SPICE_K) == pytest.approx(
        expected, rel=1e-6
    )


def test_junction_noise_has_the_thermal_and_the_shot_limit() -> None:
    g = 1e-4
    at_rest, driven = junction_noise(np.full(2, g), np.array([0.0, 1.0]), 300.0)
    assert at_rest == pytest.approx(4 * BOLTZMANN * 300 * g, rel=1e-6)
    assert driven == pytest.approx(2 * CHARGE * g * 1.0, rel=1e-6)


@pytest.mark.spice
@pytest.mark.parametrize(("rows", "gain"), [(2, 10.0), (30, 10.0), (60, 30.0)])
def test_amplifier_noise_is_that_of_ngspice(rows: int, gain: float) -> None:
    design = design_of()
    amplifier, e_v = design.macro.amplifier, design.variation.amplifier_noise_v
    rng = np.random.default_rng(rows)
    plus, minus = rng.choice([1 / 8.7e3, 1 / 25.7e3], (2, rows))
    r1, r3 = amplifier.r1_ohm, gain * amplifier.r1_ohm
    e_ohm = e_v**2 / (4 * BOLTZMANN * SPICE_K)
    c_f = amplifier.a0 / (2 * np.pi * amplifier.gbw_hz * 1e-3)  # pole of a milliohm: no noise
    deck = [f"rp{k} 0 p {1 / g!r}" for k, g in enumerate(plus.tolist())]
    deck += [f"rm{k} 0 m {1 / g!r}" for k, g in enumerate(minus.tolist())]
    deck += [f"r1 m inn {r1}", f"r2 p inp {r1}", f"r3 inn out {r3}", f"r4 inp ref {r3}"]
    deck += ["vref ref 0 dc 0 ac 1", f"re inp inq {e_ohm!r}", f"eop w 0 inq inn {amplifier.a0!r}"]
    deck += ["rw w v 1e-3", f"cw v 0 {c_f!r}", "eout out 0 v 0 1", ".options reltol=1e-6"]
    deck += [".noise v(out) vref dec 60 1e3 1e14"]
    total = next(plot for plot in run_plots("\n".join(deck)) if "v(onoise_total)" in plot)
    thermal = 4 * BOLTZMANN * SPICE_K
    found = amplifier_noise(
        (plus[None, :, None], minus[None, :, None]),
        (np.array([[thermal * plus.sum()]]), np.array([[thermal * minus.sum()]])),
        gain,
        design,
    )
    sigma = np.sqrt(found.total[0, 0] * bandwidth_hz([found.pole_hz[0, 0]]))
    assert sigma == pytest.approx(float(total["v(onoise_total)"][0]), rel=3e-3)  # grid of the sweep


@pytest.mark.spice
def test_neuron_noise_of_its_resistors_is_that_of_ngspice() -> None:
    """Linear cells, no channel noise, at the input where no current flows: 4kT/R of both."""
    design = design_of("device.mtj.bias_dependent=false", "variation.fet_noise_gamma=0.0")
    curve = neuron_curve(design)
    rest = float(np.interp(0.0, curve.table[:, 4], curve.vin_v))  # input current rises with vin
    r_a, r_b = R_P_OHM + 250.0, 3 * R_P_OHM + 250.0
    fet, neuron = design.device.fet, design.macro.neuron
    deck = [model_cards(design, whole_macro=False), "vdd vdd 0 0.8"]
    deck += [f"vin in 0 dc {rest + 0.4!r} ac 1", f"ra in x {r_a!r}", f"rb x out {r_b!r}"]
    deck += [f"nn out x 0 0 {fet.n_name} nfin={neuron.nfin_n}"]
    deck += [f"np out x vdd vdd {fet.p_name} nfin={neuron.nfin_p}"]
    deck += [".noise v(out) vin dec 5 1e3 1e6"]
    plots = run_plots("\n".join(deck), models=neuron_models(design))
    spectrum = next(plot for plot in plots if "onoise_spectrum" in plot)["onoise_spectrum"]
    found = neuron_noise(design).psd_at(np.array(rest))
    assert np.sqrt(found) == pytest.approx(float(spectrum[0]), rel=5e-3)  # grid of 5 mV


@pytest.fixture
def inputs() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 2, (8, SIZES[0]))


@pytest.mark.spice
def test_hidden_noise_arrives_by_the_slopes_of_the_circuit(
    random_stack: Callable, inputs: np.ndarray
) -> None:
    """Covariance of a hidden layer's amplifiers, pushed through finite differences of the stack."""
    linear = ["device.mtj.bias_dependent=false", "macro.amplifier.a0=1e6"]
    design, stack = design_of(*linear), random_stack(*SIZES)
    curve, one = neuron_curve(design), inputs[:1]
    # what op-amps add to the outputs, the last layer's own (on the diagonal) left out
    still = output_noise(stack, one, design_of(*linear, "variation.amplifier_noise_v=0.0"), curve)
    added = output_noise(stack, one, design, curve).covariance - still.covariance
    die = nominal_die(design, SIZES)
    jacobian = np.empty((SIZES[2], SIZES[1]))
    for j in range(SIZES[1]):
        moved = []
        for step in (1e-4, -1e-4):
            offset = np.zeros(SIZES[1])
            offset[j] = step
            first = replace(die.layers[0], neuron_offset_v=offset)
            other = replace(die, layers=(first, die.layers[1]))
            moved.append(ideal_forward(stack, one, design, curve, die=other)[1].amplifier_v[0])
        jacobian[:, j] = (moved[0] - moved[1]) / 2e-4
    g_p, g_ap = 1 / (R_P_OHM + 250.0), 1 / (3 * R_P_OHM + 250.0)
    gains = [design.macro.amplifier.gain_hidden, design.macro.amplifier.gain_output]
    noise_gain = [
        1 + gain / (1 + 1 / (1e3 * np.where(w > 0, g_ap, g_p).sum(axis=0)))
        for w, gain in zip(stack, gains, strict=True)
    ]
    poles = np.array([20e9 / ng.mean() for ng in noise_gain] + [1 / (2 * np.pi * 2e3 * 15e-15)])
    area, _ = quad(lambda f: float(np.prod(1 / (1 + (f * 1e9 / poles) ** 2))), 0, np.inf, limit=400)
    own = (design.variation.amplifier_noise_v * noise_gain[0]) ** 2 * area * 1e9
    expected = (jacobian * own) @ jacobian.T
    off = ~np.eye(SIZES[2], dtype=bool)
    assert added[off] == pytest.approx(expected[off], abs=0.02 * np.abs(expected[off]).max())


@pytest.mark.spice
def test_drawn_noise_has_the_stated_sigma_and_covariance(
    random_stack: Callable, inputs: np.ndarray
) -> None:
    design, stack = design_of(), random_stack(*SIZES)
    noise = output_noise(stack, inputs, design, neuron_curve(design))
    signal_v = np.repeat(np.array([[0.0, 0.1, -0.3, 0.5]]), 40_000, axis=0)
    drawn = noise.draw(signal_v, np.random.default_rng(1))
    sigma = noise.sigma_v(signal_v[:1])[0]
    assert drawn.std(axis=0) == pytest.approx(sigma, rel=0.02)  # 4/sqrt(2 n) = 1.4 %
    slope = noise.neuron.gain_at(signal_v[0])
    expected = slope[0] * slope[1] * noise.covariance[0, 1]
    spread = np.sqrt((sigma[0] * sigma[1]) ** 2 / 40_000)
    assert np.cov(drawn.T)[0, 1] == pytest.approx(expected, abs=5 * spread)
    assert sigma.min() > np.sqrt(BOLTZMANN * SPICE_K / design.macro.converter.hold_f)


@pytest.mark.spice
def test_noise_grows_with_the_root_of_temperature(
    random_stack: Callable, inputs: np.ndarray
) -> None:
    linear = "variation.amplifier_noise_v=0.0"
    cold, hot = (
        output_noise(random_stack(*SIZES), inputs, d, neuron_curve(d)).causes["resistors"].sum()
        for d in (
            load_design("imac_14nm", [linear, f"variation.temperature_k={t}"])
            for t in (200.0, 400.0)
        )
    )
    assert hot == pytest.approx(2 * cold, rel=1e-9)


@pytest.mark.spice
def test_the_same_seed_gives_the_same_noise_in_two_engines(random_stack: Callable) -> None:
    design, stack = load_design("imac_14nm"), random_stack(*SIZES)
    pins = tuple(output_pin(j) for j in range(SIZES[-1]))
    levels = {ENABLE: 1, **{input_pin(i): i % 2 for i in range(SIZES[0])}}

    def samples(kind: str, seed: int | None) -> tuple[list[Sample], float]:
        engine = make_engine(kind, "m0", design, SIZES, noise_seed=seed)
        engine.program(tuple(w.astype(np.float64) for w in stack))
        engine.start(0, levels)
        found = [engine.sample(pins), engine.sample(pins)]
        joules = engine.energy().total_j
        engine.close()
        return found, joules

    added = {}
    for kind in ("ideal", "fast"):
        (clean, _), joules = samples(kind, None)
        noisy, noisy_joules = samples(kind, 3)
        other, _ = samples(kind, 4)
        assert noisy_joules == joules
        added[kind] = [np.array([n.volts[p] - clean.volts[p] for p in pins]) for n in noisy]
        assert np.abs(added[kind][0] - added[kind][1]).min() > 0  # fresh at each conversion
        assert other[0].volts != noisy[0].volts
        step_v = 0.8 / 255
        for sample in noisy:
            for pin in pins:
                assert abs(sample.codes[pin] * step_v - sample.volts[pin]) <= 0.5001 * step_v
    for one, two in zip(added["ideal"], added["fast"], strict=True):
        assert one == pytest.approx(two, rel=0.2, abs=5e-4)  # slopes at slightly other signals


def test_an_exact_op_amp_has_no_noise_to_give(random_stack: Callable, inputs: np.ndarray) -> None:
    design = load_design("imac_14nm", ["macro.amplifier.kind=ideal"])
    with pytest.raises(DesignError, match=r"noise needs macro.amplifier.kind realisable"):
        output_noise(random_stack(*SIZES), inputs, design, neuron_curve(design))
