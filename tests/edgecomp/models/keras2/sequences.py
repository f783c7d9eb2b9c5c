"""Networks for sequences: recurrent ones, masks, attention, the same layer at every step."""

import tf_keras as k2

L = k2.layers


def recurrent():
    i = k2.Input((6, 4))
    x = L.LSTM(5, return_sequences=True, recurrent_activation="hard_sigmoid")(i)
    x = L.GRU(4, return_sequences=True)(x)
    x = L.GRU(3, reset_after=False, return_sequences=True)(x)
    return k2.Model(i, L.SimpleRNN(3)(x))


def bidirectional():
    i = k2.Input((5, 3))
    x = L.Bidirectional(L.LSTM(4, return_sequences=True))(i)
    x = L.Bidirectional(L.GRU(3), merge_mode="sum")(x)
    return k2.Model(i, L.Dense(2)(x))


def recurrent_state():
    i = k2.Input((5, 3))
    x, h, c = L.LSTM(4, return_state=True, return_sequences=True)(i)
    y = L.LSTM(4)(x, initial_state=[c, h])
    return k2.Model(i, [y, h])


def stacked_cells():
    i = k2.Input((5, 3))
    return k2.Model(i, L.RNN([L.LSTMCell(4), L.GRUCell(3)], return_sequences=True)(i))


def stateful():
    return k2.Sequential([L.LSTM(4, stateful=True, batch_input_shape=(4, 5, 3)), L.Dense(2)])


def conv_lstm():
    return k2.Sequential([L.ConvLSTM2D(3, 3, input_shape=(3, 6, 6, 2)), L.Flatten(), L.Dense(2)])


def embedding():
    return k2.Sequential(
        [
            L.Embedding(20, 4, input_length=7),
            L.Conv1D(5, 3, padding="causal", activation="relu"),
            L.GlobalMaxPooling1D(),
            L.Dense(1, activation="sigmoid"),
        ]
    )


def masked_embedding():
    i = k2.Input((7,), dtype="int32", name="ids")
    x = L.LSTM(5)(L.Embedding(20, 4, mask_zero=True)(i))
    return k2.Model(i, L.Dense(2)(x))


def masking():
    return k2.Sequential([L.Masking(0.0, input_shape=(6, 3)), L.Bidirectional(L.LSTM(3)), L.Dense(2)])


def time_distributed():
    frame = k2.Sequential([L.Conv2D(3, 3, input_shape=(8, 8, 1)), L.BatchNormalization(), L.Flatten()])
    i = k2.Input((4, 8, 8, 1))
    x = L.TimeDistributed(frame)(i)
    x = L.TimeDistributed(L.Dense(3, activation="relu"))(x)
    return k2.Model(i, L.GlobalAveragePooling1D()(x))


def attention():
    i = k2.Input((6, 8))
    x = L.MultiHeadAttention(2, 4)(i, i)
    x = L.LayerNormalization(epsilon=1e-3)(x + i)
    y = L.Attention(use_scale=True)([x, i])
    return k2.Model(i, L.AdditiveAttention()([y, x]))


NETWORKS = (
    recurrent,
    bidirectional,
    recurrent_state,
    stacked_cells,
    stateful,
    conv_lstm,
    embedding,
    masked_embedding,
    masking,
    time_distributed,
    attention,
)
