"""Measures candidates for kloros-dream: one request a line on stdin, one answer a line.

Answers go to a copy of stdout that nobody else knows, and stdout itself becomes stderr: whatever an evaluator
prints, or a library of its, or a program it starts, cannot get between them.
"""

import importlib
import importlib.util
import inspect
import json
import os
import sys
import traceback


def open_answers():
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.set_inheritable(answers.fileno(), False)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return answers


def open_requests():
    """The evaluator itself finds nothing to read on stdin."""
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    os.set_inheritable(requests.fileno(), False)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = open(os.devnull)
    return requests


def load_module(path):
    """By its dotted name when it lies in a package, so that its relative imports work; by its path otherwise."""
    if not os.path.isfile(path):
        raise FileNotFoundError("there is no evaluator file " + path)
    folder, name = os.path.dirname(path), os.path.splitext(os.path.basename(path))[0]
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        name = package + "." + name
    for entry in (os.getcwd(), folder):
        if entry in sys.path:
            sys.path.remove(entry)
        sys.path.insert(0, entry)
    if "." in name:
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def load_evaluator(setup):
    module = load_module(setup["file"])
    found = getattr(module, setup["name"], None)
    if found is None:
        raise AttributeError("%s has no %s called %s" % (setup["file"], setup["entry"], setup["name"]))
    if setup["entry"] != "symbol" or inspect.isclass(found):
        found = found(**setup["init_kwargs"])
    evaluate = getattr(found, "evaluate", found)
    if not callable(evaluate):
        raise TypeError("%s in %s can neither be called nor has it a method evaluate" % (setup["name"], setup["file"]))
    return evaluate, takes_context(evaluate)


def takes_context(evaluate):
    try:
        inspect.signature(evaluate).bind({}, {})
        return True
    except TypeError:
        return False
    except ValueError:
        return True


def plain(value):
    """A number as JSON has it: also those of numpy, and one-element tensors."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)[:200]


def measure(evaluate, with_context, request):
    result = evaluate(request["params"], request["context"]) if with_context else evaluate(request["params"])
    if inspect.isawaitable(result):

        import asyncio

        async def awaited():
            return await result

        result = asyncio.run(awaited())
    if not hasattr(result, "items"):
        raise TypeError("the evaluator returned %s, not a dict of metrics" % type(result).__name__)
    return {str(name): plain(value) for name, value in result.items()}


def error_text(error):
    lines = traceback.format_exception_only(type(error), error)
    return lines[-1].strip() or type(error).__name__


def main():
    token = sys.argv[1]
    requests, answers = open_requests(), open_answers()
    worker = os.getpid()

    def answer(body):
        if os.getpid() != worker:
            # An evaluator forked, and its child came back here: only one of them may answer, and read on.
            os._exit(0)
        answers.write(token + json.dumps(body) + "\n")
        answers.flush()

    def attempt(work, **more):
        try:
            return work()
        except (Exception, SystemExit) as error:
            answer({"error": error_text(error), **more})
            return None

    setup = json.loads(requests.readline() or "null")
    if setup is None:
        return
    loaded = attempt(lambda: load_evaluator(setup), leaving=True)
    if loaded is None:
        return
    answer({"ready": True})
    for line in requests:
        metrics = attempt(lambda: measure(loaded[0], loaded[1], json.loads(line)))
        if metrics is not None:
            attempt(lambda: answer({"metrics": metrics}))


main()
