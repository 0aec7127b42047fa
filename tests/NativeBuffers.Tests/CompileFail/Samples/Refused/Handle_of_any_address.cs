sealed class Handle() : SafeNativeBuffer(NativeAllocator.Malloc)
{
    public override bool IsInvalid => false; // error CS0239

    public void Any()
    {
        SetHandle(1234); // error CS0619
        base.SetHandle(1234); // error CS0619
        handle = 1234; // error CS0200
        base.handle = 1234; // error CS0200
    }
}
