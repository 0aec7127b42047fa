namespace NativeBuffers;

/// <summary>A parameter whose owner the caller hands over: the method, or the object that it makes, disposes the owner.</summary>
/// <remarks>
/// <para>The rules of the package read this attribute. It changes nothing at run time. A ref struct that is passed by value is taken over
/// without it. Put it on parameters of types on the heap, such as <see cref="NativeMemoryOwner{T}"/>, which a method may also only use.</para>
/// <para>A method that throws before it has stored the owner must dispose it.</para>
/// </remarks>
/// <example>
/// <code>
/// sealed class Frame([TakesOwnership] NativeMemoryOwner&lt;byte&gt; pixels) : IDisposable
/// {
///     public void Dispose() =&gt; pixels.Dispose();
/// }
/// </code>
/// </example>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class TakesOwnershipAttribute : Attribute;
