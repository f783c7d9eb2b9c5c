"""Measuring on an Android phone with Android's own `benchmark_model`, over adb.

`adb` reaches phones, `binary` looks at the program before it is sent and writes its command line, `transcript` reads
what it prints, `state` what the phone says of itself, `judging` whether a measurement counts, `result` has it in the
form of the device package's, and `profile` does it all.
"""
