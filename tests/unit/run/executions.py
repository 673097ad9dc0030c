"""Executions of a run, as the tests of its rooms make them."""


def execution(run, execution_id, *, inside=None, index=None, **options):
    node = run.open_execution(execution_id, execution_id.split("#")[0], type="code", title="", **options)
    if inside is not None:
        run.place(node, inside, index)
    return node


def container(run, execution_id="loop", **options):
    return execution(run, execution_id, is_container=True, **options)


def ids(nodes):
    return [node.id for node in nodes]
