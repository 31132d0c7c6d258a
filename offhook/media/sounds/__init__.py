"""The sounds that come with us, made by `python -m offhook.media.sounds.make`."""
