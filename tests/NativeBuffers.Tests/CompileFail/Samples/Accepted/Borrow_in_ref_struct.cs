static class Sample
{
    ref struct Matrix(NativeMemoryOwner<double> cells, int columns) : IDisposable
    {
        private Borrow<double> _cells = cells.Borrow();

        [UnscopedRef]
        public Span<double> Row(int row) => _cells.AsSpan((long)row * columns, columns);

        [UnscopedRef]
        public ref double this[int row, int column] => ref _cells[((long)row * columns) + column];

        public void Dispose() => _cells.Dispose();
    }

    static double Run(NativeMemoryOwner<double> cells)
    {
        using var matrix = new Matrix(cells, 4);
        matrix.Row(1).Fill(2);
        return matrix[1, 2];
    }
}
