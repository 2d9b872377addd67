def test_saved_model_loads_with_bare_tensorflow(child):
    assert "bare TensorFlow runs it" in child[0]
