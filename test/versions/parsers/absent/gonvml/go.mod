module github.com/mindprince/gonvml

go 1.12
