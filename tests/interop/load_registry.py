"""The registry as Python daemons read it: load_registry.py PATH. Prints it as JSON."""

import json
import sys

import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    print(json.dumps(yaml.safe_load(file)))
