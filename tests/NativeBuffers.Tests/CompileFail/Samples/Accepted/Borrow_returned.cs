static class Sample
{
    sealed class Frame : IDisposable
    {
        private readonly NativeMemoryOwner<float> _pixels = NativeMemoryOwner<float>.Create(100);

        public Borrow<float> Get() => _pixels.Borrow();

        public bool TryGet(out Borrow<float> pixels)
        {
            pixels = _pixels.IsDisposed ? default : _pixels.Borrow();
            return pixels.Length > 0;
        }

        public void Dispose() => _pixels.Dispose();
    }

    static Borrow<int> Pass(Borrow<int> borrow) => borrow;

    static float Run(Frame frame, PooledBuffer<int> buffer)
    {
        using Borrow<int> passed = Pass(buffer.Borrow());
        using var pixels = frame.Get();
        return pixels[0] + passed[0];
    }
}
