# SPDX-License-Identifier: Apache-2.0
# common.mk : builds one program: `make -C firmware/apps/hello BUILD=dir GEN=dir`
#
# GEN holds imac_regs.h and regions.h (python -m cosim.image.generate GEN) and, for a program with a
# network, image_config.h, image_data.c and image_blobs.S as well (cosim.image.build_image); with a
# spiking one snn_config.h and snn_data.c.
APP       ?= $(notdir $(CURDIR))
FW        := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
MAIN      ?= main.c
BUILD     ?= $(FW)/../build/firmware/$(APP)
GEN       ?= $(FW)/../build/gen
CROSS     ?= riscv64-unknown-elf-
RAM_BYTES ?= 1048576
STACK_BYTES ?= 4096

# -O3 for the sums in registers; GCC's own loop rewriting would spill them. -g changes no code: it tells
# the energy ledger which source line an instruction is from.
DEBUG  := -g -ffile-prefix-map=$(FW)=/firmware -ffile-prefix-map=$(abspath $(GEN))=/generated
CFLAGS := $(DEBUG) -std=c11 -march=rv32im_zicsr -mabi=ilp32 -mcmodel=medlow -O3 -ffreestanding -fno-builtin \
	-fno-tree-loop-distribute-patterns -fno-common -ffunction-sections -fdata-sections -Wall -Wextra -Wshadow -Wconversion \
	-Wstrict-prototypes -Werror -I$(GEN) -I$(FW)/lib -I$(FW)/drivers/imac -I$(FW)/drivers/dma -I$(FW)/drivers/stt
LDFLAGS := -nostdlib -nostartfiles -static -Wl,--gc-sections -Wl,--no-warn-rwx-segments \
	-Wl,--defsym=RAM_BYTES=$(RAM_BYTES) -Wl,--defsym=STACK_BYTES=$(STACK_BYTES) -T$(FW)/lib/link.ld

SOURCES := $(FW)/lib/crt0.S $(FW)/lib/sys.c $(FW)/lib/console.c $(FW)/lib/mem.c $(MAIN) $(addprefix $(FW)/,$(PARTS)) \
	$(if $(NETWORK),$(GEN)/image_data.c $(GEN)/image_blobs.S) $(if $(SPIKING),$(GEN)/snn_data.c)
HEADERS := $(wildcard $(FW)/lib/*.h $(FW)/drivers/*/*.h $(GEN)/*.h)

all: $(BUILD)/$(APP).elf $(BUILD)/$(APP).hex

$(BUILD)/$(APP).elf: $(SOURCES) $(HEADERS) $(FW)/lib/link.ld $(FW)/common.mk
	@mkdir -p $(BUILD)
	$(CROSS)gcc $(CFLAGS) $(SOURCES) $(LDFLAGS) -lgcc -o $@

$(BUILD)/$(APP).hex: $(BUILD)/$(APP).elf
	$(CROSS)objcopy -O verilog --verilog-data-width=4 $< $@

.PHONY: all
.DELETE_ON_ERROR:
