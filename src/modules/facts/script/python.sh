# Python, which zrun itself does not need. Before it: base.sh.
section python
for each in python3 /usr/libexec/platform-python python; do
  if has "$each"; then command -v "$each"; "$each" --version 2>&1; break; fi
done
