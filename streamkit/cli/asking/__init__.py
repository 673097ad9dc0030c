"""Running apps from the command line: `run`, `record`, `attach` and `curl` are made of these rooms.

* What is meant: `flags` of the commands · `apps`: which app, by the user's configuration, the environment and flags ·
  `curl_line`: a line of a vendor's page · `conversations`: the last one with each app
* Whom to ask: `targets`: what can be asked of an app, whatever the vendor · `dify`, `ragflow`, `paradigm`: each vendor's ·
  `reaching`: a client, opened for an app
* What is asked: `questions`: all of it, completed by whoever sits there · `inputs`: names and values · `entries`: what may be
  entered in a field · `typed`: lines that a person types · `forms`: a form, read · `filling`: one, answered on the terminal
* What comes: `performing`: one run, from the request to the end · `shown`: what is seen of it · `kept`: its recording ·
  `leaving`: what Ctrl-C does
"""
