"""AWS's permissions, decided in front of the emulated accounts.

``evaluator`` decides, ``actions`` says what a request asks for, ``enforcement`` stands in front of the gateway,
``recording`` and ``replay`` prove that policies are sufficient and minimal, ``iot_policies`` is the broker's part.
The decisions know nothing of moto, HTTP or MQTT.
"""
