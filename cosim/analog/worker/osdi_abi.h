/* osdi_abi.h : binary layout of an OSDI 0.4 device library
 * SPDX-License-Identifier: Apache-2.0
 *
 * Written from the public OSDI 0.4 specification; only the order, type and meaning of fields.
 */
#ifndef COSIM_OSDI_ABI_H
#define COSIM_OSDI_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OSDI_PARAM_INT 1u
#define OSDI_PARAM_INSTANCE (1u << 30)
#define OSDI_JACOBIAN_RESIST_CONST 1u
#define OSDI_JACOBIAN_RESIST 4u
#define OSDI_ANALYSIS_TRAN 8192u
#define OSDI_NONE UINT32_MAX

typedef struct {
	char **names;
	double *values;
	char **string_names, **string_values;
} osdi_simparams_t;

typedef struct {
	osdi_simparams_t params;
	double abstime;
	double *prev_solve, *prev_state, *next_state;
	uint32_t flags;
} osdi_siminfo_t;

typedef struct {
	uint32_t flags, num_errors;
	void *errors;
} osdi_init_t;

typedef struct {
	uint32_t row, column;
} osdi_pair_t;

typedef struct {
	osdi_pair_t nodes;
	uint32_t react_ptr_off, flags;
} osdi_jacobian_t;

typedef struct {
	const char *name, *units, *residual_units;
	uint32_t resist_residual_off, react_residual_off, resist_limit_off, react_limit_off;
	bool is_flow;
} osdi_node_t;

typedef struct {
	const char **name;
	uint32_t num_alias;
	const char *description, *units;
	uint32_t flags, len;
} osdi_param_t;

typedef struct {
	const char *name;
	uint32_t num_nodes, num_terminals;
	const osdi_node_t *nodes;
	uint32_t num_jacobian;
	const osdi_jacobian_t *jacobian;
	uint32_t num_collapsible;
	const osdi_pair_t *collapsible;
	uint32_t collapsed_offset;
	const void *noise_sources;
	uint32_t num_noise;
	uint32_t num_params, num_instance_params, num_opvars;
	const osdi_param_t *params;
	uint32_t node_mapping_offset, jacobian_ptr_offset;
	uint32_t num_states, state_idx_offset;
	uint32_t bound_step_offset, instance_size, model_size;
	void *(*access)(void *inst, void *model, uint32_t id, uint32_t flags);
	void (*setup_model)(void *handle, void *model, osdi_simparams_t *params, osdi_init_t *out);
	void (*setup_instance)(void *handle, void *inst, void *model, double temperature,
			       uint32_t num_terminals, osdi_simparams_t *params, osdi_init_t *out);
	uint32_t (*eval)(void *handle, void *inst, void *model, const osdi_siminfo_t *info);
	void (*load_noise)(void *inst, void *model, double freq, double *density);
	void (*load_residual_resist)(void *inst, void *model, double *dst);
	void (*load_residual_react)(void *inst, void *model, double *dst);
	void (*load_limit_resist)(void *inst, void *model, double *dst);
	void (*load_limit_react)(void *inst, void *model, double *dst);
	void (*load_spice_rhs_dc)(void *inst, void *model, double *dst, double *prev);
	void (*load_spice_rhs_tran)(void *inst, void *model, double *dst, double *prev,
				    double alpha);
	void (*load_jacobian_resist)(void *inst, void *model);
	void (*load_jacobian_react)(void *inst, void *model, double alpha);
	void (*load_jacobian_tran)(void *inst, void *model, double alpha);
	/* since 0.4 */
	uint32_t (*given_flag_model)(void *model, uint32_t id);
	uint32_t (*given_flag_instance)(void *inst, uint32_t id);
	uint32_t num_resist_jacobian, num_react_jacobian;
	void (*write_jacobian_resist)(void *inst, void *model, double *dst);
	void (*write_jacobian_react)(void *inst, void *model, double *dst);
	uint32_t num_inputs;
	const osdi_pair_t *inputs;
	void (*load_jacobian_offset_resist)(void *inst, void *model, size_t offset);
	void (*load_jacobian_offset_react)(void *inst, void *model, size_t offset);
	const void *unknown_nature, *residual_nature;
	const void *reserved[8]; /* read by nobody; stays zero */
} osdi_descriptor_t;

#endif
