/* A plugin for qemu's user-mode emulation: counts the instructions that the guest executes, and writes the count so far
 * whenever the guest asks, which it does with the otherwise senseless system call getpgid(MARK).
 *
 * Distributions ship no header for plugins, so what is used is declared here, as in qemu's include/qemu/qemu-plugin.h.
 * These declarations are the same in qemu 7.2 to 10; API_VERSION is what the qemu that is there asks for. Blocks are
 * counted by a callback, since the faster inline operations differ between versions. One thread is counted, no more.
 *
 * Argument: out=FILE, which gets one decimal number a line. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PUBLIC __attribute__((visibility("default")))
#define MARK 0x7ec0de00u

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
enum { NO_REGISTERS = 0 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t id, struct qemu_plugin_tb *block));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, void (*callback)(unsigned cpu, void *data),
                                          int flags, void *data);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id,
                                          void (*callback)(qemu_plugin_id_t id, unsigned cpu, int64_t number,
                                                           uint64_t first, uint64_t, uint64_t, uint64_t, uint64_t,
                                                           uint64_t, uint64_t, uint64_t));

PUBLIC int qemu_plugin_version = API_VERSION;

static uint64_t executed;
static FILE *out;

static void on_block(unsigned cpu, void *instructions) { executed += (uintptr_t)instructions; }

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
  qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, NO_REGISTERS, (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

static void on_system_call(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t first, uint64_t a2, uint64_t a3,
                           uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
  if ((uint32_t)first != MARK) return;
  fprintf(out, "%llu\n", (unsigned long long)executed);
  fflush(out);
}

PUBLIC int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int count, char **arguments) {
  for (int i = 0; i < count; i++)
    if (strncmp(arguments[i], "out=", 4) == 0) out = fopen(arguments[i] + 4, "w");
  if (out == NULL) return 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_vcpu_syscall_cb(id, on_system_call);
  return 0;
}
