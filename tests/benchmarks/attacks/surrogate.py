"""A surrogate model of the attacker's own: a small network with the gradient of its loss, as the toolbox wants it."""

import numpy as np
from art.estimators.classification import BlackBoxClassifierNeuralNetwork
from art.estimators.estimator import LossGradientsMixin
from sklearn.neural_network import MLPClassifier


class Network(LossGradientsMixin, BlackBoxClassifierNeuralNetwork):
    """A network of one hidden layer of rectifiers; classes are numbered as the victim numbers them."""

    def __init__(self, network: MLPClassifier, classes: int, width: int) -> None:
        self._network, self._classes_seen = network, network.classes_.astype(int)
        super().__init__(self.shares, (width,), classes, clip_values=(0, 1))

    def shares(self, x: np.ndarray) -> np.ndarray:
        """Give the probability of every class, of shape (n, classes)."""
        found = np.zeros((len(x), self.nb_classes))
        found[:, self._classes_seen] = self._network.predict_proba(x)
        return found

    def loss_gradient(self, x: np.ndarray, y: np.ndarray, **_: object) -> np.ndarray:
        """Give the gradient of the cross-entropy at x with respect to x."""
        (into, out), bias = self._network.coefs_, self._network.intercepts_[0]
        wrong = self.shares(x) - np.asarray(y)
        wrong = wrong[:, self._classes_seen] if out.shape[1] > 1 else wrong[:, 1:2]
        return (((wrong @ out.T) * (x @ into + bias > 0)) @ into.T).astype(np.float32)


def taught(unit: np.ndarray, labels: np.ndarray, *, seed: int = 0, classes: int | None = None) -> Network:
    """Teach a network the victim's answers."""
    network = MLPClassifier((40,), max_iter=60, random_state=seed, learning_rate_init=0.005)
    if len(np.unique(labels)) < 2:  # a network needs two answers; one row is told to have another
        labels = np.append(labels[:-1], (labels[-1] + 1) % 2)
    return Network(network.fit(unit, labels), classes or int(labels.max()) + 1, unit.shape[1])
