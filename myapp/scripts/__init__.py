"""The console commands, one a file. They use what any application could: the ini file, the acts, the add-on's public names."""
