import time


def test_g():
    time.sleep(1)
