"""Running apps from the command line: `run`, `record`, `attach` and `curl` are made of these rooms.

* `apps`: which app is meant, by the user's configuration, the environment and flags · `targets`: what can be asked of it,
  whatever the vendor · `inputs`: what it is asked, and what a person must be asked first · `forms`: a form, answered on the
  terminal · `typed`: lines that a person types · `conversations`: the last one with each app
* `shown`: the run while it goes on · `kept`: its recording · `leaving`: what Ctrl-C does · `performing`: all of that, for one run
"""
