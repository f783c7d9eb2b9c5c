"""The networks that come with Keras 2, as it saves them, opened here: their outputs are those of the original."""

import pytest
import tf_keras as k2


def keras_applications():
    applications = k2.applications
    small = {"weights": None, "classes": 5}
    return {
        "MobileNet": lambda: applications.MobileNet((32, 32, 3), 0.25, **small),
        "MobileNetV2": lambda: applications.MobileNetV2((32, 32, 3), 0.35, **small),
        "MobileNetV3Small": lambda: applications.MobileNetV3Small((32, 32, 3), 0.75, minimalistic=True, **small),
        "MobileNetV3Large": lambda: applications.MobileNetV3Large((32, 32, 3), 0.75, **small),
        "NASNetMobile": lambda: applications.NASNetMobile((32, 32, 3), **small),
        "EfficientNetB0": lambda: applications.EfficientNetB0(input_shape=(32, 32, 3), **small),
        "EfficientNetV2B0": lambda: applications.EfficientNetV2B0(input_shape=(32, 32, 3), **small),
        "DenseNet121": lambda: applications.DenseNet121(input_shape=(32, 32, 3), **small),
        "ResNet50": lambda: applications.ResNet50(input_shape=(32, 32, 3), **small),
        "ResNet50V2": lambda: applications.ResNet50V2(input_shape=(32, 32, 3), **small),
        "ResNetRS50": lambda: applications.ResNetRS50(input_shape=(32, 32, 3), **small),
        "RegNetX002": lambda: applications.RegNetX002(input_shape=(32, 32, 3), **small),
        "RegNetY002": lambda: applications.RegNetY002(input_shape=(32, 32, 3), **small),
        "Xception": lambda: applications.Xception(input_shape=(71, 71, 3), **small),
        "InceptionV3": lambda: applications.InceptionV3(input_shape=(75, 75, 3), **small),
        "InceptionResNetV2": lambda: applications.InceptionResNetV2(input_shape=(75, 75, 3), **small),
        "VGG11-like VGG16": lambda: applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3)),
        "ConvNeXtTiny": lambda: applications.ConvNeXtTiny(input_shape=(32, 32, 3), **small),
    }


QUICK = ["MobileNetV3Small"]


@pytest.mark.parametrize("name", QUICK)
def test_a_keras_2_application_computes_what_the_original_does(name, tmp_path, assert_equal_to):
    assert_equal_to(keras_applications()[name], tmp_path / "model.h5", "legacy-h5")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in keras_applications() if name not in QUICK])
def test_every_family_of_keras_2_applications_computes_what_the_original_does(name, tmp_path, assert_equal_to):
    assert_equal_to(keras_applications()[name], tmp_path / "model.h5", "legacy-h5")
