/* pins.c : device library of the macro's boundary, loaded by the solver like any OSDI model
 * SPDX-License-Identifier: Apache-2.0
 *
 * cosim_source(p, n)  ideal voltage source; its value comes from the shared table at the very time
 *                     the solver asks for, and its current is an unknown of its own
 * cosim_probe(p)      no current at all; it only learns the number of its node
 * Either way the library learns where the solver keeps its solution, so the worker can read a
 * tentative step before it is accepted. Everything undefined here lives in the worker program.
 */
#include <string.h>

#include "osdi_abi.h"
#include "world.h"

typedef struct {
	uint32_t nodes[3];
	int32_t index;
	double *jacobian[4]; /* (p,i) (n,i) (i,p) (i,n) */
	double volts;
} pin_t;

typedef struct {
	int32_t index;
} model_t;

static const char *index_names[] = {"idx"};
static const osdi_param_t params[] = {
	{index_names, 0, "row of the shared table", "", OSDI_PARAM_INT | OSDI_PARAM_INSTANCE, 0}};

#define TERMINAL(name) {name, "V", "A", OSDI_NONE, OSDI_NONE, OSDI_NONE, OSDI_NONE, false}
static const osdi_node_t source_nodes[] = {
	TERMINAL("p"),
	TERMINAL("n"),
	{"flow(p,n)", "A", "V", OSDI_NONE, OSDI_NONE, OSDI_NONE, OSDI_NONE, true}};
static const osdi_node_t probe_nodes[] = {TERMINAL("p")};

#define ENTRY(row, column)                                                                         \
	{{row, column}, OSDI_NONE, OSDI_JACOBIAN_RESIST | OSDI_JACOBIAN_RESIST_CONST}
static const osdi_jacobian_t source_jacobian[] = {ENTRY(0, 2), ENTRY(1, 2), ENTRY(2, 0),
						  ENTRY(2, 1)};

static void *access_index(void *inst, void *model, uint32_t id, uint32_t flags)
{
	(void)id, (void)flags;
	return inst ? (void *)&((pin_t *)inst)->index : (void *)&((model_t *)model)->index;
}

static void setup_model(void *handle, void *model, osdi_simparams_t *sim, osdi_init_t *out)
{
	(void)handle, (void)model, (void)sim;
	memset(out, 0, sizeof *out);
}

static void setup_instance(void *handle, void *inst, void *model, double temperature,
			   uint32_t terminals, osdi_simparams_t *sim, osdi_init_t *out)
{
	(void)handle, (void)inst, (void)model, (void)temperature, (void)terminals, (void)sim;
	memset(out, 0, sizeof *out);
}

static double source_scale(const osdi_siminfo_t *info)
{
	for (int k = 0; info->params.names[k]; k++)
		if (!strcmp(info->params.names[k], "sourceScaleFactor"))
			return info->params.values[k];
	return 1.0;
}

static uint32_t source_eval(void *handle, void *inst, void *model, const osdi_siminfo_t *info)
{
	pin_t *pin = inst;
	(void)handle, (void)model;
	if (info->flags & OSDI_ANALYSIS_TRAN) {
		pin->volts = cosim_source_volts(&cosim_sources[pin->index], info->abstime);
	} else {
		/* the operating point, which the solver may approach by scaling every source */
		pin->volts = cosim_source_volts(&cosim_sources[pin->index], 0.0) *
			     source_scale(info);
	}
	if (pin->index == 0)
		cosim_world->loads++;
	return 0;
}

static uint32_t probe_eval(void *handle, void *inst, void *model, const osdi_siminfo_t *info)
{
	(void)handle, (void)inst, (void)model, (void)info;
	return 0;
}

static void source_rhs(void *inst, double *dst)
{
	pin_t *pin = inst;
	dst[pin->nodes[2]] += pin->volts;
	cosim_solver.rhs = dst;
	cosim_solver.source_branch[pin->index] = pin->nodes[2];
	cosim_solver.source_node[0][pin->index] = pin->nodes[0];
	cosim_solver.source_node[1][pin->index] = pin->nodes[1];
}

static void source_rhs_dc(void *inst, void *model, double *dst, double *prev)
{
	(void)model, (void)prev;
	source_rhs(inst, dst);
}

static void source_rhs_tran(void *inst, void *model, double *dst, double *prev, double alpha)
{
	(void)model, (void)prev, (void)alpha;
	source_rhs(inst, dst);
}

static void source_stamp(void *inst, void *model)
{
	double **entry = ((pin_t *)inst)->jacobian;
	(void)model;
	*entry[0] += 1.0;
	*entry[1] -= 1.0;
	*entry[2] += 1.0;
	*entry[3] -= 1.0;
}

static void source_stamp_tran(void *inst, void *model, double alpha)
{
	(void)alpha;
	source_stamp(inst, model);
}

static void probe_rhs_dc(void *inst, void *model, double *dst, double *prev)
{
	(void)model, (void)dst, (void)prev;
	cosim_solver.probe_node[((pin_t *)inst)->index] = ((pin_t *)inst)->nodes[0];
}

static void probe_rhs_tran(void *inst, void *model, double *dst, double *prev, double alpha)
{
	(void)alpha;
	probe_rhs_dc(inst, model, dst, prev);
}

static void nothing_stamp(void *inst, void *model)
{
	(void)inst, (void)model;
}

static void nothing_react(void *inst, void *model, double alpha)
{
	(void)inst, (void)model, (void)alpha;
}

static void nothing_load(void *inst, void *model, double *dst)
{
	(void)inst, (void)model, (void)dst;
}

static void nothing_noise(void *inst, void *model, double freq, double *density)
{
	(void)inst, (void)model, (void)freq, (void)density;
}

#define COMMON                                                                                     \
	.num_params = 1, .num_instance_params = 1, .params = params,                               \
	.node_mapping_offset = offsetof(pin_t, nodes),                                             \
	.jacobian_ptr_offset = offsetof(pin_t, jacobian), .bound_step_offset = OSDI_NONE,          \
	.instance_size = sizeof(pin_t), .model_size = sizeof(model_t), .access = access_index,     \
	.setup_model = setup_model, .setup_instance = setup_instance,                              \
	.load_noise = nothing_noise, .load_residual_resist = nothing_load,                         \
	.load_residual_react = nothing_load, .load_limit_resist = nothing_load,                    \
	.load_limit_react = nothing_load, .load_jacobian_react = nothing_react

const uint32_t OSDI_VERSION_MAJOR = 0;
const uint32_t OSDI_VERSION_MINOR = 4;
const uint32_t OSDI_NUM_DESCRIPTORS = 2;
const uint32_t OSDI_DESCRIPTOR_SIZE = sizeof(osdi_descriptor_t);
const osdi_descriptor_t OSDI_DESCRIPTORS[2] = {
	{.name = "cosim_source", .num_nodes = 3, .num_terminals = 2, .nodes = source_nodes,
	 .num_jacobian = 4, .jacobian = source_jacobian, .num_resist_jacobian = 4,
	 .eval = source_eval, .load_spice_rhs_dc = source_rhs_dc,
	 .load_spice_rhs_tran = source_rhs_tran, .load_jacobian_resist = source_stamp,
	 .load_jacobian_tran = source_stamp_tran, COMMON},
	{.name = "cosim_probe", .num_nodes = 1, .num_terminals = 1, .nodes = probe_nodes,
	 .eval = probe_eval, .load_spice_rhs_dc = probe_rhs_dc,
	 .load_spice_rhs_tran = probe_rhs_tran, .load_jacobian_resist = nothing_stamp,
	 .load_jacobian_tran = nothing_react, COMMON},
};
