# SPDX-License-Identifier: GPL-2.0-or-later
"""Annotations that change what the runtime does, as far as no other file has them."""

import pytest

pytestmark = pytest.mark.ours


def test_unknown_handler(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], annotations={"run.oci.handler": "wasm"})), 'annotations["run.oci.handler"]', 'no handler "wasm"')


def test_handler_by_option(bundle, rt):
    rt.fails(rt.run(bundle(args=["true"]), "--handler", "krun"), "--handler", 'no handler "krun"')


def test_empty_handler(bundle, run):
    assert run(bundle(args=["echo", "x"], annotations={"run.oci.handler": ""})).stdout == "x\n"


def test_mount_context_type(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], annotations={"run.oci.mount_context_type": "none"})), "run.oci.mount_context_type", "fscontext")


def test_unknown_ones_go_on_to_state(bundle, rt):
    c = bundle(args=["true"], annotations={"org.example.x": "1", "run.oci.unknown": "2"})
    rt.create(c)
    assert rt.state(c)["annotations"] == {"org.example.x": "1", "run.oci.unknown": "2"}


def test_pidfd_receiver_without_a_socket(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], annotations={"run.oci.pidfd_receiver": "/no/socket"})), 'annotations["run.oci.pidfd_receiver"]: ', "does not exist")
