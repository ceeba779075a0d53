# Building the plugin and the web pages. Sourced after progress.sh; $project is the checkout.

# build_plugin PRESET: leaves build/PRESET/libjanus_callroom.so, and the unit tests where the preset has them.
build_plugin() {
  local preset=$1
  step "Configuring the plugin ($preset)" cmake -S "$project" --preset "$preset" &&
    step "Building the plugin ($preset)" cmake --build "$project/build/$preset" --parallel "$(nproc)"
}

# npm_install FOLDER: what its lock file says, once for each state of the lock file.
npm_install() {
  local folder=$1 stamp=$1/node_modules/.installed-lock
  if cmp -s "$folder/package-lock.json" "$stamp"; then return 0; fi
  step "Installing npm packages of ${folder#"$project"/}" npm --prefix "$folder" ci --no-audit --no-fund &&
    link_node "$folder" &&
    cp "$folder/package-lock.json" "$stamp"
}

# Scripts run with the Node that the lock file pins; Debian 12's own is too old for the web tools, and its npm does not
# link a binary of this name.
link_node() {
  local own
  own=$(cd "$1/node_modules" && printf '%s\n' node-linux-*/bin/node)
  if [[ -x $1/node_modules/$own ]]; then ln -sf "../$own" "$1/node_modules/.bin/node"; fi
}

# The Node that scripts of the project run with.
node_binary() { printf '%s\n' "$project/admin-web/node_modules/.bin/node"; }

# build_web: leaves admin-web/dist.
build_web() {
  npm_install "$project/admin-web" &&
    step "Building the web pages" npm --prefix "$project/admin-web" run build
}
