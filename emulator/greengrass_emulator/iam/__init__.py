"""AWS's permissions, decided in front of the emulated accounts.

``evaluator`` decides, ``actions`` finds what a request needs, ``enforcement`` works in front of the gateway,
``recording`` and ``replay`` prove that policies are sufficient and minimal, ``iot_policies`` is for the broker.
The decisions know nothing of moto, HTTP or MQTT.
"""
