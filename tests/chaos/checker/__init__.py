"""The history checker: from what a publisher, a broker's tap, devices, the store and the run itself
wrote down to a verdict on the promises of docs/faults.md."""
