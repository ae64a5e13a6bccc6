# gridwright: `make help` lists what there is.  Everything is installed inside this folder.
.PHONY: help setup setup-tests demo test test-clients check shots bench bench-peers lock clean
.DEFAULT_GOAL := help
SHELL := /bin/sh
unexport PYTHONPATH PYTHONHOME

OUT ?= demo
SERVE ?= 1
WORKERS ?= 2
HOUSEHOLDS ?= 10000 100000
PYTHON := .venv/bin/python

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile

setup:  ## environment in .venv, browser packages
	@scripts/bootstrap

setup-tests: setup  ## setup, plus PostGIS, Chromium and a Chinese font where the system allows
	@scripts/bootstrap-tests

demo: setup  ## sample town: draw it, make the map, serve it (SERVE=0: stop after writing; OUT=DIR)
	@.venv/bin/gridwright demo --out "$(OUT)" $(if $(filter 0,$(SERVE)),--no-serve)

test: setup-tests  ## all tests
	@$(PYTHON) -m pytest -n $(WORKERS) tests

test-clients: setup-tests  ## QGIS, GDAL and OWSLib against the service (QGIS takes some 900 MB; pictures in qgis-pictures)
	@scripts/bootstrap-clients
	@$(PYTHON) -m pytest tests/clients tests/clients/qgis_check.py

check: setup  ## lint, types, floors, docs
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PYTHON) -m pytest tests/house

shots: setup-tests  ## the pictures of docs/desk.md and docs/dispatch.md, made anew
	@$(PYTHON) scripts/desk_shots
	@$(PYTHON) scripts/dispatch_shots

bench: setup  ## the benchmarks of docs/benchmarks.md (HOUSEHOLDS="10000 100000")
	@$(PYTHON) -m tests.bench.scale --workers $(WORKERS) --households $(HOUSEHOLDS)

bench-peers: setup  ## gridwright beside pymetis, kahip, GerryChain, spopt, pygeoda (an environment of their own; half an hour)
	@scripts/bootstrap-peers || echo "Going on: peers that are not installed are named as missing." >&2
	@$(PYTHON) -m tests.bench.peers >peers.jsonl
	@$(PYTHON) -m tests.bench.peers --table peers.jsonl

lock: setup  ## write requirements.lock anew from pyproject.toml
	@scripts/lock --upgrade

clean:  ## remove everything that was installed or made here
	rm -rf qgis-pictures .venv .venv-bench .bootstrap peers.jsonl maps/assets/node_modules demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
