"""onnxruntime's long messages become one line that keeps the reason."""

import pytest

from edge_agent.inference.loaded_model import short

OPSET = (
    "[ONNXRuntimeError] : 1 : FAIL : Load model from /m.onnx failed:/onnxruntime_src/onnxruntime/core/graph/"
    "model_load_utils.h:46 void onnxruntime::model_load_utils::ValidateOpsetForDomain(const std::unordered_map<"
    "std::__cxx11::basic_string<char>, int>&, const onnxruntime::logging::Logger&, bool, const std::string&, int) ONNX "
    "Runtime only *guarantees* support for models stamped with official released onnx opset versions. Opset 9 is under "
    "development and support for this is limited. The operator schemas and or other functionality may change before "
    "next ONNX release and in this case ONNX Runtime will not guarantee backward compatibility. Current official "
    "support for domain ai.onnx.ml is till opset 5.\n"
)
RESHAPE = (
    "[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while running Reshape node. Name:'' Status Message: "
    "/onnxruntime_src/onnxruntime/core/providers/cpu/tensor/reshape_helper.h:91 onnxruntime::ReshapeHelper::"
    "ReshapeHelper(const onnxruntime::TensorShape&, onnxruntime::TensorShapeVector&, bool) input_shape_size == "
    "requested_shape_size was false. The input tensor cannot be reshaped to the requested shape. Input shape:{2}, "
    "requested shape:{7}\n"
)


def test_a_newer_opset_is_said_with_both_numbers() -> None:
    assert short(RuntimeError(OPSET)) == (
        "the graph wants opset 9 of ai.onnx.ml, and this device's onnxruntime has 5 at most; export it with an older "
        "opset, or deploy an agent with a newer onnxruntime"
    )


def test_a_place_in_the_source_is_left_out_with_its_signature() -> None:
    assert short(RuntimeError(RESHAPE)) == (
        "[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while running Reshape node. Name:'' Status "
        "Message: input_shape_size == requested_shape_size was false. The input tensor cannot be reshaped to the "
        "requested shape. Input shape:{2}, requested shape:{7}"
    )


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("/src/a.cc:7 void ns::F::operator()(int, bool) const x was false", "x was false"),
        ("/src/a.cc:7 ns::F(int", "ns::F(int"),
        ("Exception: /src/a.cc:7 broken (twice) here", "Exception: broken (twice) here"),
        ("b.cpp:12 ns::F(a) one /src/c.h:3 ns::G(b) two", "one two"),
        ("the size (3) is not 4", "the size (3) is not 4"),
        ("", "RuntimeError"),
        ("one\n  two", "one two"),
    ],
)
def test_other_words_stay(words: str, left: str) -> None:
    assert short(RuntimeError(words)) == left


def test_of_what_is_still_too_long_beginning_and_end_are_kept() -> None:
    cut = short(RuntimeError("begin " + "x" * 1000 + " the reason"))
    assert len(cut) == 300
    assert cut.startswith("begin x")
    assert cut.endswith("x the reason")
    assert "…" in cut
