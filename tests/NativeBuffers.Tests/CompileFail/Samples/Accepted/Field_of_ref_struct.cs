static class Sample
{
    ref struct Matrix(int rows, int columns) : IDisposable
    {
        private readonly int _columns = columns;
        private NativeBuffer<double> _cells = NativeBuffer.Create<double>(rows * columns);

        [UnscopedRef]
        public Span<double> Row(int row) => _cells.AsSpan(row * _columns, _columns);

        [UnscopedRef]
        public ref double this[int row, int column] => ref _cells[(row * _columns) + column];

        public void Dispose() => _cells.Dispose();
    }

    static double Run()
    {
        using var matrix = new Matrix(3, 4);
        matrix.Row(1).Fill(2);
        return matrix[1, 2];
    }
}
