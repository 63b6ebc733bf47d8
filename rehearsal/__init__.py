"""What drives the product on the emulated Greengrass: whole releases on one machine, by the repository's buildspecs.

The programs run only as processes: nothing of ``cloud_publisher`` or ``edge_agent`` is imported.

=================  ===================================================================================================
``cli/``           ``mlops-rehearsal run`` (``make rehearse``), ``mlops-rehearsal prove-policies`` (``make policies``)
``subject.py``     what is rehearsed, checked before anything starts: ``model_data.py``, ``feeding.py``
``rehearse.py``    the rehearsal from start to end: world, registry, pipeline, a program's scenarios, the report
``program.py``     the standard program: which devices, and which scenarios in which order
``scenarios.py``   the standard program's five scenarios, with ``restarts.py``; their rows are in ``rows.py``
``candidates.py``  a model's versions, to approve and take back: ``given_versions.py`` registers folders, and
                   ``registry.py`` runs a model's own scripts
``world.py``       the accounts, their thing groups, a process for each device; ``other_user.py`` runs the components
``pipeline.py``    build and deploy stages, each a run of ``buildspec.py``
``feeder.py``      frames for the devices, and which predictions must exist; ``asking.py`` sends them to topics
``extended/``      the extended program (``EXTENDED=1``): the agent's other features, on a lite and a classic device
``policy_proof/``  a release with enforced permissions, and the proof that infra_policies are what it needs
=================  ===================================================================================================

Each run has a folder of its own, ``rehearsed/run`` or ``rehearsed/policies`` by default, and ends only what it has
started: two of them can run at once.
"""
