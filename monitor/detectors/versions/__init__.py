"""What a new version of the model does differently, beside the older one on the same windows."""

from monitor.detectors.versions import new_version, probe, version_inputs, version_performance, version_predictions

DETECTORS = (
    new_version.DETECTOR,
    version_predictions.DETECTOR,
    version_performance.DETECTOR,
    version_inputs.DETECTOR,
    probe.DETECTOR,
)
