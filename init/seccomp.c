// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The filter, last of all before the program. From here on every call of ours is one that the profile may refuse, or
 * keep waiting for an agent's answer: so what can be done before is done before, and a listener is announced by write(2)
 * and read(2) alone (an agent that is to decide about these cannot be told of itself: SCMP_ACT_NOTIFY of write is
 * refused by the planner). The listener is close-on-exec by birth. Should the filter end us, the parent knows it by the
 * name that we have taken before.
 */
#include "init/init.h"

enum { INSTRUCTION_SIZE = 8, MAX_INSTRUCTIONS = 4096 };

static int wait_answer(struct init *init, struct message *ret_answer)
{
    long r;

    do
        r = sys_read(init->report_fd, ret_answer, sizeof *ret_answer);
    while (r == -EINTR);
    if (r == 0)
        sys_exit_group(1); /* nobody is left to hear of a failure */
    if (r < 0)
        return init_fail(init, (int) r, "read", NULL);
    return r == (long) sizeof *ret_answer && ret_answer->type == MESSAGE_GO
               ? ret_answer->code
               : init_explain(init, -EPROTO, "the runtime said something else than to go on");
}

static int announce(struct init *init, struct message *message, int fd)
{
    long r;

    memset(message, 0, sizeof *message);
    message->type = MESSAGE_LISTENER;
    message->row = init->row;
    message->code = fd;
    r = sys_write(init->report_fd, message, sizeof *message);
    return r < 0 ? init_fail(init, (int) r, "write", NULL) : 0;
}

static int hand_over(struct init *init, int fd)
{
    struct message message, answer;
    int r = announce(init, &message, fd);

    if (r == 0)
        r = wait_answer(init, &answer);
    if (r != LISTENER_SEND)
        return r;
    r = message_send(init, &message, fd);
    return r < 0 ? init_fail(init, r, "sendmsg", NULL) : wait_answer(init, &answer);
}

int init_seccomp(struct init *init, const struct op_seccomp *op)
{
    const struct sys_sock_fprog program = { .n = (unsigned short) (op->program.size / INSTRUCTION_SIZE),
                                            .filter = blob_bytes(init->blob, op->program) };
    int r;

    if (op->program.size / INSTRUCTION_SIZE > MAX_INSTRUCTIONS)
        return init_explain(init, -E2BIG, "the filter has more instructions than the kernel takes");
    r = exec_prepare(init);
    if (r < 0)
        return r;
    sys_prctl(PR_SET_NAME, (unsigned long) BLOB_FILTERED_NAME, 0);
    r = sys_seccomp(SYS_SECCOMP_SET_MODE_FILTER, (unsigned) op->flags, &program);
    if (r < 0)
        return init_fail(init, r, "seccomp", NULL);
    init->filtered = true;
    return op->flags & SYS_SECCOMP_FILTER_FLAG_NEW_LISTENER ? hand_over(init, r) : 0;
}
