/* SPDX-License-Identifier: Apache-2.0 */
/* imac_ref.c : the macro's C twin */
#include "imac.h"

imac_status_t imac_mvm_ref(const imac_macro_t *macro, const uint32_t *bits, uint8_t *codes) {
	nn_stack_run(macro->twin, bits, codes, 0);
	return IMAC_OK;
}
