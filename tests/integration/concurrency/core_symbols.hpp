// What stands in for the Janus executable where the plugin asks it for settings.
#pragma once

void set_data_dir(const char* folder);  // before the plugin is initialised
