# Needs only Python 3.11 or later, make and git. Everything else goes into .venv.
SHELL := /bin/sh
.SHELLFLAGS := -eu -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
PORT ?= 8501
ADDRESS ?= 127.0.0.1
LOCK_FLAGS ?=
# Whole files go to a process, in the order of collection: browser tests stay last in each.
PARALLEL ?= -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

VENV := .venv
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/runtime.stamp
DEV := $(VENV)/dev.stamp
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --no-input --require-hashes
COMPILE := $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command "make lock" $(LOCK_FLAGS)

.PHONY: help run api test check chromium lock bench demo clean

help: ## Affiche cette aide
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1#\2/p' Makefile | while IFS='#' read -r name text; \
	do printf '%-14s %s\n' "$$name" "$$text"; done

run: $(RUNTIME) ## Démarre l'atlas (PORT=8501, ADDRESS=127.0.0.1)
	@echo "Atlas : http://$(ADDRESS):$(PORT) (Ctrl+C pour arrêter)"
	@mkdir -p static
	@exec $(PY) -m streamlit run app.py --server.port "$(PORT)" --server.address "$(ADDRESS)"

api: PORT := $(if $(filter file,$(origin PORT)),5000,$(PORT))
api: $(RUNTIME) ## Sert les données en OGC API - Features (PORT=5000, ADDRESS=127.0.0.1)
	@ADDRESS="$(ADDRESS)" PORT="$(PORT)" exec $(PY) -m api

test: check chromium ## Vérifie tout : style, types, tests (installe Chromium s'il manque)
	$(PY) -m pytest $(PARALLEL)

check: $(DEV) ## Vérifie le style et les types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy .

chromium: $(DEV) ## Trouve ou installe le navigateur des tests
	@$(PY) tools/chromium.py

lock: $(DEV) ## Recalcule les verrous (LOCK_FLAGS=--upgrade pour mettre à jour)
	$(COMPILE) requirements.in --output-file requirements.txt
	$(COMPILE) requirements-dev.in --output-file requirements-dev.txt

bench: $(DEV) chromium ## Lance les mesures de bench/
	@for script in bench/*.py; do echo "== $$script"; PYTHONPATH=. $(PY) "$$script"; done

demo: $(RUNTIME) ## Réécrit la programmation fictive de démonstration
	PYTHONPATH=. $(PY) data/demo/generate.py

clean: ## Supprime l'environnement et les fichiers produits
	rm -rf $(VENV) static .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@command -v $(PYTHON) >/dev/null || { echo "Python est introuvable : installez Python 3.11 \
	ou plus récent, ou indiquez-le (make PYTHON=/chemin/vers/python3)." >&2; exit 1; }
	@$(PYTHON) tools/python_check.py
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.txt | $(PY)
	@echo "Installation des bibliothèques (une seule fois)…"
	@$(INSTALL) -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt $(RUNTIME)
	@echo "Installation des outils de vérification (une seule fois)…"
	@$(INSTALL) -r requirements-dev.txt
	@touch $@
